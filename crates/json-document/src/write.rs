//! Writing a value out, with the whitespace that JSON.GET's options ask for.

use crate::scan::string_end;

/// The whitespace of JSON.GET's options. All empty, the default, is the minified text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Format<'a> {
    /// Put once for each level at the start of a line (INDENT).
    pub indent: &'a [u8],
    /// Put between lines (NEWLINE).
    pub newline: &'a [u8],
    /// Put after the `:` of a member (SPACE).
    pub space: &'a [u8],
}

impl Format<'_> {
    /// Whether the text is written as it is.
    pub fn is_minified(&self) -> bool {
        self.indent.is_empty() && self.newline.is_empty() && self.space.is_empty()
    }
}

/// Appends the validated minified `text` to `out` in `format`.
pub fn write_text(text: &str, format: &Format<'_>, out: &mut Vec<u8>) {
    if format.is_minified() {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let end = string_end(bytes, at).0;
                out.extend_from_slice(bytes.get(at - 1..end).unwrap_or_default());
                at = end;
            }
            b'{' | b'[' => {
                out.push(byte);
                match bytes.get(at) {
                    // An empty container stays on its line.
                    Some(&close @ (b'}' | b']')) => {
                        out.push(close);
                        at += 1;
                    }
                    _ => {
                        depth += 1;
                        new_line(format, depth, out);
                    }
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(format, depth, out);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(format, depth, out);
            }
            b':' => {
                out.push(byte);
                out.extend_from_slice(format.space);
            }
            _ => out.push(byte),
        }
    }
}

fn new_line(format: &Format<'_>, depth: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(format.newline);
    for _ in 0..depth {
        out.extend_from_slice(format.indent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, indent: &str, newline: &str, space: &str) -> String {
        let mut out = Vec::new();
        let format = Format {
            indent: indent.as_bytes(),
            newline: newline.as_bytes(),
            space: space.as_bytes(),
        };
        write_text(text, &format, &mut out);
        String::from_utf8(out).expect("valid UTF-8")
    }

    #[test]
    fn nothing_asked_for_is_the_text() {
        assert_eq!(written(r#"{"a":[1,{}]}"#, "", "", ""), r#"{"a":[1,{}]}"#);
    }

    #[test]
    fn all_three() {
        let text = r#"{"a":[1,{},[]],"b":{"c":"x,{:}\""}}"#;
        let expected = "{\n\t\"a\": [\n\t\t1,\n\t\t{},\n\t\t[]\n\t],\n\t\"b\": {\n\t\t\"c\": \"x,{:}\\\"\"\n\t}\n}";
        assert_eq!(written(text, "\t", "\n", " "), expected);
    }

    #[test]
    fn each_alone() {
        let text = r#"{"a":[1,2]}"#;
        assert_eq!(written(text, "-", "", ""), r#"{-"a":[--1,--2-]}"#);
        assert_eq!(written(text, "", "|", ""), r#"{|"a":[|1,|2|]|}"#);
        assert_eq!(written(text, "", "", "_"), r#"{"a":_[1,2]}"#);
    }
}
