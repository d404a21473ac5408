//! The documents that writers keep, as a value that changes exactly as the server's must.

use std::fmt::Write as _;

/// A document of some 400 bytes; a shape that many share, so that packing and dictionaries have work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    name: String,
    counter: i64,
    open: bool,
    note: String,
    log: Vec<i64>,
    /// In the order of their insertion, which a document keeps.
    tags: Vec<(String, i64)>,
}

/// One command on an order, what it must answer in RESP2, and what it leaves.
pub struct Edit {
    pub argv: Vec<String>,
    /// As [`crate::reply::Reply::notation`] writes it.
    pub answer: String,
    pub after: Option<Order>,
}

const NOTE_LEN_MAX: usize = 120;
const LOG_LEN_MAX: usize = 30;

impl Order {
    pub fn new(name: &str, random: &mut fastrand::Rng) -> Order {
        Order {
            name: name.to_string(),
            counter: random.i64(-1000..1000),
            open: random.bool(),
            note: String::new(),
            log: (0..random.i64(0..8)).collect(),
            tags: vec![("a".to_string(), 1)],
        }
    }

    /// The text that JSON.SET sends and JSON.GET gives back, byte for byte.
    pub fn text(&self) -> String {
        let log: Vec<String> = self.log.iter().map(i64::to_string).collect();
        let mut tags = String::new();
        for (i, (name, value)) in self.tags.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let _ = write!(tags, "{comma}\"{name}\":{value}");
        }
        format!(
            concat!(
                r#"{{"name":"{}","customer":{{"given":"Zoë","family":"Quist","city":"Utrecht"}},"#,
                r#""terms":"delivery within three working days, payment on receipt of the invoice","#,
                r#""counter":{},"open":{},"note":"{}","log":[{}],"tags":{{{}}}}}"#
            ),
            self.name,
            self.counter,
            self.open,
            self.note,
            log.join(","),
            tags
        )
    }

    fn position_of(&self, tag: &str) -> Option<usize> {
        self.tags.iter().position(|(name, _)| name == tag)
    }

    fn set_tag(&mut self, tag: &str, value: i64) {
        match self.position_of(tag) {
            Some(at) => self.tags[at].1 = value,
            None => self.tags.push((tag.to_string(), value)),
        }
    }
}

impl Edit {
    fn new(argv: &[&str], answer: impl Into<String>, after: Option<Order>) -> Edit {
        let argv = argv.iter().map(|arg| (*arg).to_string()).collect();
        Edit { argv, answer: answer.into(), after }
    }

    /// Sets the whole document, whatever was there.
    pub fn replace(key: &str, random: &mut fastrand::Rng) -> Edit {
        let order = Order::new(key, random);
        Edit::new(&["JSON.SET", key, "$", &order.text()], "+OK", Some(order))
    }

    /// Some edit of the document as it is now.
    pub fn random(key: &str, now: Option<&Order>, random: &mut fastrand::Rng) -> Edit {
        let Some(now) = now else { return Edit::replace(key, random) };
        let mut next = now.clone();
        let value = random.i64(-50..50);
        let tag = ["a", "b", "c", "d", "e"][random.usize(0..5)];
        match random.u8(0..40) {
            0..=7 => {
                next.counter += value;
                let answer = format!("\"[{}]\"", next.counter);
                Edit::new(
                    &["JSON.NUMINCRBY", key, "$.counter", &value.to_string()],
                    answer,
                    Some(next),
                )
            }
            8..=15 if next.log.len() < LOG_LEN_MAX => {
                next.log.extend([value, value + 1]);
                let (one, two) = (value.to_string(), (value + 1).to_string());
                let answer = format!("*[:{}]", next.log.len());
                Edit::new(&["JSON.ARRAPPEND", key, "$.log", &one, &two], answer, Some(next))
            }
            8..=15 => {
                next.log.drain(..LOG_LEN_MAX / 2);
                let start = (LOG_LEN_MAX / 2).to_string();
                let answer = format!("*[:{}]", next.log.len());
                Edit::new(&["JSON.ARRTRIM", key, "$.log", &start, "-1"], answer, Some(next))
            }
            16..=18 => {
                let answer = match next.log.pop() {
                    Some(last) => format!("*[\"{last}\"]"),
                    None => "*[$-1]".to_string(),
                };
                Edit::new(&["JSON.ARRPOP", key, "$.log"], answer, Some(next))
            }
            19..=22 => {
                next.open = !next.open;
                let answer = format!("*[:{}]", u8::from(next.open));
                Edit::new(&["JSON.TOGGLE", key, "$.open"], answer, Some(next))
            }
            23..=26 if next.note.len() < NOTE_LEN_MAX => {
                let more = format!(" {value}");
                next.note.push_str(&more);
                let answer = format!("*[:{}]", next.note.len());
                Edit::new(
                    &["JSON.STRAPPEND", key, "$.note", &format!("\"{more}\"")],
                    answer,
                    Some(next),
                )
            }
            23..=26 => {
                next.note = "cut".into();
                Edit::new(&["JSON.SET", key, "$.note", "\"cut\""], "+OK", Some(next))
            }
            27..=30 => {
                let text = match next.position_of(tag) {
                    Some(at) => {
                        next.tags.remove(at);
                        format!("{{\"{tag}\":null}}")
                    }
                    None => {
                        next.set_tag(tag, value);
                        format!("{{\"{tag}\":{value}}}")
                    }
                };
                Edit::new(&["JSON.MERGE", key, "$.tags", &text], "+OK", Some(next))
            }
            31..=33 => {
                next.set_tag(tag, value);
                let path = format!("$.tags.{tag}");
                Edit::new(&["JSON.SET", key, &path, &value.to_string()], "+OK", Some(next))
            }
            34..=35 => {
                let at = next.position_of(tag);
                at.map(|at| next.tags.remove(at));
                let answer = format!(":{}", u8::from(at.is_some()));
                Edit::new(&["JSON.DEL", key, &format!("$.tags.{tag}")], answer, Some(next))
            }
            36..=37 => Edit::new(&["JSON.DEL", key], ":1", None),
            _ => Edit::replace(key, random),
        }
    }
}
