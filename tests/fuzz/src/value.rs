//! The model of a document: a tree, literals kept as sent, and nothing clever.

use std::cmp::Ordering;

/// A JSON value. Strings and names are kept as they stand between their quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// Where a value is: the positions of the children that lead to it from the root.
pub type Place = Vec<usize>;

impl Value {
    /// Reads a text that is known to be valid; `None` if it is not.
    pub fn read(text: &str) -> Option<Value> {
        let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
        let value = reader.value()?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    }

    /// The minified text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Number(literal) => out.push_str(literal),
            Value::String(raw) => {
                out.push('"');
                out.push_str(raw);
                out.push('"');
            }
            Value::Array(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    value.write(out);
                }
                out.push(']');
            }
            Value::Object(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    out.push('"');
                    out.push_str(name);
                    out.push_str("\":");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    pub fn children(&self) -> Vec<&Value> {
        match self {
            Value::Array(values) => values.iter().collect(),
            Value::Object(members) => members.iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        }
    }

    pub fn at(&self, place: &[usize]) -> &Value {
        place.iter().fold(self, |value, &position| value.children()[position])
    }

    pub fn at_mut(&mut self, place: &[usize]) -> &mut Value {
        place.iter().fold(self, |value, &position| match value {
            Value::Array(values) => &mut values[position],
            Value::Object(members) => &mut members[position].1,
            scalar => scalar,
        })
    }

    /// The position of the member `name` (unescaped).
    pub fn member(&self, name: &str) -> Option<usize> {
        match self {
            Value::Object(members) => members.iter().position(|(own, _)| unescaped(own) == name),
            _ => None,
        }
    }

    /// Takes the value at `place` out of its container.
    pub fn remove(&mut self, place: &[usize]) {
        if let Some((&last, parent)) = place.split_last() {
            match self.at_mut(parent) {
                Value::Array(values) => _ = values.remove(last),
                Value::Object(members) => _ = members.remove(last),
                _ => {}
            }
        }
    }

    /// Containers within each other.
    pub fn height(&self) -> usize {
        match self {
            Value::Array(_) | Value::Object(_) => {
                1 + self.children().into_iter().map(Value::height).max().unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// RFC 9535 section 2.3.5.2.2.
    pub fn equals(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Number(own), Value::Number(other)) => compare(own, other) == Ordering::Equal,
            (Value::String(own), Value::String(other)) => unescaped(own) == unescaped(other),
            (Value::Array(own), Value::Array(other)) => {
                own.len() == other.len() && own.iter().zip(other).all(|(a, b)| a.equals(b))
            }
            (Value::Object(own), Value::Object(_)) => {
                let theirs = other.children();
                own.len() == theirs.len()
                    && own.iter().all(|(name, value)| {
                        let at = other.member(&unescaped(name));
                        at.is_some_and(|at| value.equals(theirs[at]))
                    })
            }
            _ => self == other,
        }
    }

    /// As `equals`, but an integer is never equal to a number with a fraction or exponent.
    pub fn equals_typed(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Number(own), Value::Number(other)) => {
                is_integer(own) == is_integer(other) && compare(own, other) == Ordering::Equal
            }
            (Value::Array(own), Value::Array(other)) => {
                own.len() == other.len() && own.iter().zip(other).all(|(a, b)| a.equals_typed(b))
            }
            (Value::Object(own), Value::Object(_)) => {
                let theirs = other.children();
                own.len() == theirs.len()
                    && own.iter().all(|(name, value)| {
                        let at = other.member(&unescaped(name));
                        at.is_some_and(|at| value.equals_typed(theirs[at]))
                    })
            }
            _ => self.equals(other),
        }
    }
}

/// What 64 bits hold. `-0` is none: no integer has that sign.
pub fn is_integer(literal: &str) -> bool {
    literal != "-0" && (literal.parse::<i64>().is_ok() || literal.parse::<u64>().is_ok())
}

/// Compares two numbers by value, digit by digit.
pub fn compare(own: &str, other: &str) -> Ordering {
    let (own, other) = (Digits::of(own), Digits::of(other));
    match (own.negative, other.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => own.size().cmp(&other.size()),
        (true, true) => other.size().cmp(&own.size()),
    }
}

/// 0.DIGITS × 10^exponent, without zeros at either end; zero has no digits and no sign.
struct Digits {
    negative: bool,
    exponent: i64,
    digits: String,
}

impl Digits {
    fn of(literal: &str) -> Digits {
        let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
        let mut exponent: i64 = exponent.parse().unwrap_or(0);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{}{fraction}", whole.trim_start_matches('-'));
        exponent += whole.trim_start_matches('-').len() as i64;
        let digits = all.trim_start_matches('0');
        exponent -= (all.len() - digits.len()) as i64;
        let digits = digits.trim_end_matches('0').to_owned();
        if digits.is_empty() {
            return Digits { negative: false, exponent: i64::MIN, digits };
        }
        Digits { negative: literal.starts_with('-'), exponent, digits }
    }

    /// Text compares digits as numbers do, once the exponents are the same.
    fn size(&self) -> (i64, &str) {
        (self.exponent, &self.digits)
    }
}

/// The content of a string from what stands between its quotes.
pub fn unescaped(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    let mut units: Vec<u16> = Vec::new();
    let mut chars = raw.chars();
    while let Some(character) = chars.next() {
        let mut buffer = [0; 2];
        if character != '\\' {
            units.extend_from_slice(character.encode_utf16(&mut buffer));
            continue;
        }
        units.push(match chars.next() {
            Some('n') => 10,
            Some('t') => 9,
            Some('r') => 13,
            Some('b') => 8,
            Some('f') => 12,
            Some('u') => {
                let hex: String = chars.by_ref().take(4).collect();
                u16::from_str_radix(&hex, 16).unwrap_or(0)
            }
            Some(other) => other as u16,
            None => break,
        });
    }
    String::from_utf16_lossy(&units)
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The next byte that is no blank.
    fn next(&mut self) -> Option<u8> {
        self.space();
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        byte
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        self.bytes[self.at - 1..].starts_with(word.as_bytes()).then(|| {
            self.at += word.len() - 1;
            value
        })
    }

    /// What stands between the quote just read and the next.
    fn string(&mut self) -> Option<String> {
        let start = self.at;
        loop {
            match self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        String::from_utf8(self.bytes[start..self.at - 1].to_vec()).ok()
    }

    fn value(&mut self) -> Option<Value> {
        match self.next()? {
            b'n' => self.word("null", Value::Null),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'"' => self.string().map(Value::String),
            b'[' => {
                let mut values = Vec::new();
                self.space();
                if self.bytes.get(self.at) == Some(&b']') {
                    self.at += 1;
                    return Some(Value::Array(values));
                }
                loop {
                    values.push(self.value()?);
                    match self.next()? {
                        b',' => {}
                        b']' => return Some(Value::Array(values)),
                        _ => return None,
                    }
                }
            }
            b'{' => {
                let mut object = Value::Object(Vec::new());
                self.space();
                if self.bytes.get(self.at) == Some(&b'}') {
                    self.at += 1;
                    return Some(object);
                }
                loop {
                    (self.next()? == b'"').then_some(())?;
                    let name = self.string()?;
                    (self.next()? == b':').then_some(())?;
                    let value = self.value()?;
                    let known = object.member(&unescaped(&name));
                    if let Value::Object(members) = &mut object {
                        // The last value counts, at the place of the first.
                        match known {
                            Some(at) => members[at].1 = value,
                            None => members.push((name, value)),
                        }
                    }
                    match self.next()? {
                        b',' => {}
                        b'}' => return Some(object),
                        _ => return None,
                    }
                }
            }
            b'-' | b'0'..=b'9' => {
                let start = self.at - 1;
                while matches!(
                    self.bytes.get(self.at),
                    Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')
                ) {
                    self.at += 1;
                }
                String::from_utf8(self.bytes[start..self.at].to_vec()).ok().map(Value::Number)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_minified() {
        for (text, expected) in [
            (" [ 1.10 , \"a\\u0041\" , null ] ", "[1.10,\"a\\u0041\",null]"),
            ("{\"a\":1,\"b\":{},\"\\u0061\":[2]}", "{\"a\":[2],\"b\":{}}"),
        ] {
            assert_eq!(Value::read(text).map(|value| value.text()).as_deref(), Some(expected));
        }
    }

    #[test]
    fn numbers_compare_by_value() {
        for (own, other, expected) in [
            ("1", "1.0", Ordering::Equal),
            ("100", "1e2", Ordering::Equal),
            ("-0", "0", Ordering::Equal),
            ("12", "2", Ordering::Greater),
            ("-12", "-2", Ordering::Less),
            ("0.1", "0.01", Ordering::Greater),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
        ] {
            assert_eq!(compare(own, other), expected, "{own} {other}");
        }
    }
}
