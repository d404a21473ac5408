//! What the model computes of values alone: merging, arithmetic, and text with whitespace.

use super::made::Arithmetic;
use crate::value::{Value, unescaped};

/// RFC 7396.
pub(super) fn merge(target: &mut Value, patch: &Value, keeps_nulls: bool) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !matches!(target, Value::Object(_)) {
        *target = without_nulls(patch);
        return;
    }
    for (name, change) in changes {
        let at = target.member(&unescaped(name));
        let Value::Object(members) = target else { return };
        match (at, change) {
            (Some(at), Value::Null) => _ = members.remove(at),
            (None, Value::Null) => {}
            (Some(at), change) => merge(&mut members[at].1, change, keeps_nulls),
            (None, change) => {
                let change = if keeps_nulls { change.clone() } else { without_nulls(change) };
                members.push((quoted(&unescaped(name)), change));
            }
        }
    }
}

/// Members that are null left out, at every depth but within arrays.
pub(super) fn without_nulls(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let kept = members.iter().filter(|(_, value)| *value != Value::Null);
    Value::Object(kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect())
}

/// What stands between the quotes of a string with this content.
pub(super) fn quoted(content: &str) -> String {
    let mut out = String::new();
    for character in content.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ => out.push(character),
        }
    }
    out
}

pub(super) fn computed(
    arithmetic: Arithmetic,
    left: &str,
    right: &str,
) -> Result<String, &'static str> {
    let integer = |literal: &str| {
        let fits = literal.parse::<i64>().is_ok() || literal.parse::<u64>().is_ok();
        (fits && literal != "-0").then(|| literal.parse::<i128>().ok()).flatten()
    };
    let double = |literal: &str| literal.parse::<f64>().unwrap_or(0.0);
    let result = match (integer(left), integer(right), arithmetic) {
        (Some(left), Some(right), Arithmetic::Add) => left + right,
        (Some(left), Some(right), Arithmetic::Multiply) => {
            left.checked_mul(right).ok_or("ERR numeric overflow")?
        }
        (Some(left), Some(right @ 0..), Arithmetic::Power) => {
            power(left, right).ok_or("ERR numeric overflow")?
        }
        _ => {
            let (left, right) = (double(left), double(right));
            let result = match arithmetic {
                Arithmetic::Add => left + right,
                Arithmetic::Multiply => left * right,
                Arithmetic::Power => left.powf(right),
            };
            let number =
                serde_json::Number::from_f64(result).ok_or("ERR result is not a number")?;
            return Ok(number.to_string().replace("e+", "e"));
        }
    };
    match i64::try_from(result).is_ok() || u64::try_from(result).is_ok() {
        true => Ok(result.to_string()),
        false => Err("ERR numeric overflow"),
    }
}

/// By multiplying, as long as the result fits.
fn power(base: i128, exponent: i128) -> Option<i128> {
    if base.abs() < 2 {
        return Some(if exponent == 0 || (base == -1 && exponent % 2 == 0) { 1 } else { base });
    }
    let mut result = 1i128;
    for _ in 0..exponent {
        result = result.checked_mul(base)?;
    }
    Some(result)
}

pub(super) fn formatted(value: &Value, format: &[&str; 3]) -> String {
    let mut out = String::new();
    write_formatted(value, format, 0, &mut out);
    out
}

fn write_formatted(value: &Value, format: &[&str; 3], depth: usize, out: &mut String) {
    let [indent, newline, space] = format;
    let new_line = |depth: usize, out: &mut String| {
        out.push_str(newline);
        out.push_str(&indent.repeat(depth));
    };
    let (open, close, names): (char, char, Vec<String>) = match value {
        Value::Array(values) if !values.is_empty() => ('[', ']', vec![String::new(); values.len()]),
        Value::Object(members) if !members.is_empty() => {
            let names = members.iter().map(|(name, _)| format!("\"{name}\":{space}"));
            ('{', '}', names.collect())
        }
        other => return out.push_str(&other.text()),
    };
    out.push(open);
    for (at, (name, value)) in names.iter().zip(value.children()).enumerate() {
        if at > 0 {
            out.push(',');
        }
        new_line(depth + 1, out);
        out.push_str(name);
        write_formatted(value, format, depth + 1, out);
    }
    new_line(depth, out);
    out.push(close);
}
