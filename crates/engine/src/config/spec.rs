//! What a directive is: its names, the values it takes, and where its value lives.

use std::fmt;

use super::Config;
use super::memory::parse_memory;

/// Flags of a directive.
pub mod flag {
    /// Only at start.
    pub const IMMUTABLE: u8 = 1 << 0;
    /// At run time only with `enable-protected-configs`.
    pub const PROTECTED: u8 = 1 << 1;
    /// Its value is a secret.
    pub const SENSITIVE: u8 = 1 << 2;
    /// Not shown by patterns.
    pub const HIDDEN: u8 = 1 << 3;
    /// Takes several words.
    pub const MULTI_ARG: u8 = 1 << 4;
    /// Not while loading.
    pub const DENY_LOADING: u8 = 1 << 5;
}

/// Why a directive was not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetError {
    /// No directive has that name.
    Unknown,
    /// The value is refused, with Valkey's text.
    Invalid(String),
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown option"),
            Self::Invalid(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for SetError {}

/// One directive.
#[derive(Debug)]
pub struct Spec {
    pub name: &'static str,
    /// An older name that still works.
    pub alias: Option<&'static str>,
    /// As `CONFIG GET` shows it.
    pub default: &'static str,
    pub flags: u8,
    pub(super) kind: Kind,
    /// Set when any value but the default would promise what this server does not do: why.
    pub(super) only_default: Option<&'static str>,
}

/// The field that holds a value; without one the text is kept in [`Config`].
pub(super) struct Field<T> {
    pub(super) get: fn(&Config) -> &T,
    pub(super) get_mut: fn(&mut Config) -> &mut T,
}

impl<T> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Field")
    }
}

/// A field of any integer type; the directive's range fits it.
#[derive(Debug)]
pub(super) struct IntegerField {
    pub(super) get: fn(&Config) -> i64,
    pub(super) set: fn(&mut Config, i64),
}

/// Says what is wrong with a text.
pub(super) type Check = fn(&str) -> Result<(), &'static str>;

/// The values a directive takes.
#[derive(Debug)]
pub(super) enum Kind {
    Boolean(Option<Field<bool>>),
    Integer {
        field: Option<IntegerField>,
        min: i64,
        max: i64,
    },
    /// Bytes, with a unit on input.
    Memory {
        field: Option<IntegerField>,
        min: i64,
        max: i64,
    },
    Octal {
        field: IntegerField,
        max: i64,
    },
    Text {
        field: Option<Field<String>>,
        check: Option<Check>,
    },
    /// One of some words.
    Choice {
        words: &'static [&'static str],
        kept: Option<Choice>,
    },
    /// Its own syntax.
    Special {
        set: fn(&mut Config, &[&str]) -> Result<(), String>,
        get: fn(&Config) -> String,
    },
}

/// How a choice is held: as an enum whose discriminants are indexes into the words.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) get: fn(&Config) -> usize,
    pub(super) set: fn(&mut Config, usize),
}

impl Spec {
    pub(super) const fn new(name: &'static str, default: &'static str, kind: Kind) -> Self {
        Self { name, alias: None, default, flags: 0, kind, only_default: None }
    }

    pub(super) const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    pub(super) const fn flags(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }

    pub(super) const fn only_default(mut self, why: &'static str) -> Self {
        self.only_default = Some(why);
        self
    }

    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The default as the words of a configuration line.
    pub(super) fn default_words(&self) -> Vec<&'static str> {
        if self.has(flag::MULTI_ARG) {
            self.default.split_ascii_whitespace().collect()
        } else {
            vec![self.default]
        }
    }

    /// The value as `CONFIG GET` shows it.
    pub fn get(&self, config: &Config) -> String {
        let kept =
            || config.kept.get(self.name).cloned().unwrap_or_else(|| self.default.to_owned());
        match &self.kind {
            Kind::Boolean(Some(field)) => yes_no((field.get)(config)).to_owned(),
            Kind::Integer { field: Some(field), .. } | Kind::Memory { field: Some(field), .. } => {
                (field.get)(config).to_string()
            }
            Kind::Octal { field, .. } => format!("{:o}", (field.get)(config)),
            Kind::Text { field: Some(field), .. } => (field.get)(config).clone(),
            Kind::Choice { words, kept: Some(choice) } => words[(choice.get)(config)].to_owned(),
            Kind::Special { get, .. } => get(config),
            Kind::Boolean(None)
            | Kind::Integer { field: None, .. }
            | Kind::Memory { field: None, .. }
            | Kind::Text { field: None, .. }
            | Kind::Choice { kept: None, .. } => kept(),
        }
    }

    /// Sets the value from the words after the directive; the error text is Valkey's.
    pub fn set(&self, config: &mut Config, words: &[&str]) -> Result<(), String> {
        if let Some(why) = self.only_default {
            return self.set_default(config, words, why);
        }
        self.set_any(config, words)
    }

    /// Accepts the default in any of its spellings.
    fn set_default(&self, config: &mut Config, words: &[&str], why: &str) -> Result<(), String> {
        let before = config.clone();
        self.set_any(config, words)?;
        if self.get(config) == self.default {
            return Ok(());
        }
        *config = before;
        Err(why.to_owned())
    }

    fn set_any(&self, config: &mut Config, words: &[&str]) -> Result<(), String> {
        if let Kind::Special { set, .. } = self.kind {
            return set(config, words);
        }
        let text = match words {
            [word] => *word,
            // A directive of several words without a syntax of its own.
            _ if self.has(flag::MULTI_ARG) => &words.join(" "),
            _ => return Err("wrong number of arguments".to_owned()),
        };
        let normal = match &self.kind {
            Kind::Boolean(field) => {
                let value = parse_yes_no(text)?;
                match field {
                    Some(field) => return assign(config, field, value),
                    None => yes_no(&value).to_owned(),
                }
            }
            Kind::Integer { field, min, max } => {
                let value = parse_integer(text)?;
                check_range(value, *min, *max)?;
                match field {
                    Some(field) => return assign_integer(config, field, value),
                    None => value.to_string(),
                }
            }
            Kind::Memory { field, min, max } => {
                let value = parse_memory(text).ok_or("argument must be a memory value")?;
                check_range(value, *min, *max)?;
                match field {
                    Some(field) => return assign_integer(config, field, value),
                    None => value.to_string(),
                }
            }
            Kind::Octal { field, max } => {
                let value = i64::from_str_radix(text, 8)
                    .map_err(|_| "argument couldn't be parsed as an octal number")?;
                if value < 0 || value > *max {
                    return Err(format!("argument must be between 0 and {max:o} inclusive"));
                }
                return assign_integer(config, field, value);
            }
            Kind::Text { field, check } => {
                if let Some(check) = check {
                    check(text)?;
                }
                match field {
                    Some(field) => return assign(config, field, text.to_owned()),
                    None => text.to_owned(),
                }
            }
            Kind::Choice { words, kept } => {
                let Some(index) = words.iter().position(|word| word.eq_ignore_ascii_case(text))
                else {
                    return Err(format!(
                        "argument(s) must be one of the following: {}",
                        words.join(", ")
                    ));
                };
                match kept {
                    Some(choice) => {
                        (choice.set)(config, index);
                        return Ok(());
                    }
                    None => words[index].to_owned(),
                }
            }
            Kind::Special { .. } => return Ok(()),
        };
        if normal == self.default {
            config.kept.remove(self.name);
        } else {
            config.kept.insert(self.name, normal);
        }
        Ok(())
    }
}

fn assign<T>(config: &mut Config, field: &Field<T>, value: T) -> Result<(), String> {
    *(field.get_mut)(config) = value;
    Ok(())
}

fn assign_integer(config: &mut Config, field: &IntegerField, value: i64) -> Result<(), String> {
    (field.set)(config, value);
    Ok(())
}

fn yes_no(value: &bool) -> &'static str {
    if *value { "yes" } else { "no" }
}

fn parse_yes_no(text: &str) -> Result<bool, String> {
    if text.eq_ignore_ascii_case("yes") {
        Ok(true)
    } else if text.eq_ignore_ascii_case("no") {
        Ok(false)
    } else {
        Err("argument must be 'yes' or 'no'".to_owned())
    }
}

fn parse_integer(text: &str) -> Result<i64, String> {
    resp::parse_i64(text.as_bytes())
        .ok_or_else(|| "argument couldn't be parsed into an integer".to_owned())
}

fn check_range(value: i64, min: i64, max: i64) -> Result<(), String> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(format!("argument must be between {min} and {max} inclusive"))
    }
}
