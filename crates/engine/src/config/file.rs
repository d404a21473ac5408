//! Reading a configuration file.

use std::fmt;

use super::spec::{SetError, flag};
use super::{Config, SavePoint};

/// What a file says beside values: left to those whose business it is, in the file's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loaded {
    /// `loadmodule <path> [<arg> …]`
    pub modules: Vec<Vec<String>>,
    /// `<module>.<name> <value>`
    pub module_configs: Vec<(String, String)>,
    /// `user <name> [<rule> …]`, without the first word
    pub users: Vec<Vec<String>>,
    /// `rename-command <name> <new name>`
    pub renamed_commands: Vec<(String, String)>,
}

/// A line that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// from 1
    pub line_number: usize,
    pub line: String,
    pub text: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Reading the configuration file, at line {}\n>>> '{}'\n{}",
            self.line_number, self.line, self.text
        )
    }
}

impl std::error::Error for FileError {}

/// Directives of older versions that no longer mean anything.
const OBSOLETE: [&str; 3] =
    ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

/// Files may include each other this deep.
const INCLUDE_DEPTH_MAX: usize = 16;

/// A text being read: its lines and the next of them.
struct Text {
    lines: Vec<String>,
    next: usize,
}

/// Applies the lines of `text` to `config`. `include` gives the text of an included file, or of all that a pattern
/// names, or says why it cannot.
pub fn load(
    config: &mut Config,
    text: &str,
    include: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<Loaded, FileError> {
    let mut loaded = Loaded::default();
    // The first `save` line replaces the default, later ones add to it.
    let mut save: Option<Vec<SavePoint>> = None;
    let mut open = vec![Text::new(text)];
    while let Some(innermost) = open.last_mut() {
        let Some(line) = innermost.lines.get(innermost.next).cloned() else {
            open.pop();
            continue;
        };
        innermost.next += 1;
        let line_number = innermost.next;
        let depth = open.len();
        let fail = |text: String| FileError { line_number, line: line.clone(), text };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let words = split(&line)
            .ok_or_else(|| fail("Unbalanced quotes in configuration line".to_owned()))?;
        let Some((name, words)) = words.split_first() else { continue };
        let name = name.to_ascii_lowercase();
        if name == "include" && words.len() == 1 {
            if depth == INCLUDE_DEPTH_MAX {
                return Err(fail("Files include each other too deeply".to_owned()));
            }
            open.push(Text::new(&include(&words[0]).map_err(fail)?));
            continue;
        }
        directive(config, &mut loaded, &name, words).map_err(fail)?;
        if name == "save" {
            let points = save.get_or_insert_default();
            if config.save.is_empty() {
                points.clear();
            }
            points.append(&mut config.save);
            config.save.clone_from(points);
        }
    }
    Ok(loaded)
}

impl Text {
    fn new(text: &str) -> Self {
        let lines =
            text.split('\n').map(|line| line.trim_matches([' ', '\t', '\r', '\n']).to_owned());
        Self { lines: lines.collect(), next: 0 }
    }
}

fn split(line: &str) -> Option<Vec<String>> {
    let words = resp::split_args(line.as_bytes())?;
    Some(words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect())
}

fn directive(
    config: &mut Config,
    loaded: &mut Loaded,
    name: &str,
    words: &[String],
) -> Result<(), String> {
    if let Some(spec) = Config::find(name) {
        if !spec.has(flag::MULTI_ARG) && words.len() != 1 {
            return Err("wrong number of arguments".to_owned());
        }
        // `--save "3600 1 300 10"` gives several words in one.
        let split_words = match words {
            [word] if spec.has(flag::MULTI_ARG) && !word.is_empty() => {
                Some(split(word).ok_or("Unbalanced quotes in configuration line")?)
            }
            _ => None,
        };
        let words: Vec<&str> =
            split_words.as_deref().unwrap_or(words).iter().map(String::as_str).collect();
        return spec.set(config, &words);
    }
    match (name, words) {
        ("loadmodule", [_, ..]) => loaded.modules.push(words.to_vec()),
        ("user", [_, ..]) => loaded.users.push(words.to_vec()),
        ("rename-command", [from, to]) => loaded.renamed_commands.push((from.clone(), to.clone())),
        (name, [_]) if OBSOLETE.contains(&name) => {}
        (name, []) if name.contains('.') => {
            return Err("Module config specified without value".to_owned());
        }
        (name, words) if name.contains('.') => {
            loaded.module_configs.push((name.to_owned(), words.join(" ")))
        }
        ("sentinel", _) => return Err("sentinel directive while not in sentinel mode".to_owned()),
        _ => return Err("Bad directive or wrong number of arguments".to_owned()),
    }
    Ok(())
}

impl From<SetError> for String {
    fn from(error: SetError) -> Self {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Loaded, load};
    use crate::config::{Config, OutputLimit};

    fn read(text: &str) -> Result<(Config, Loaded), String> {
        let mut config = Config::new();
        let mut include = |path: &str| match path {
            "other.conf" => Ok("maxmemory 1gb\n\nhz 20".to_owned()),
            "self.conf" => Ok("include self.conf".to_owned()),
            _ => Err(format!("Can't open config file {path}")),
        };
        match load(&mut config, text, &mut include) {
            Ok(loaded) => Ok((config, loaded)),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn reads_what_a_file_may_hold() {
        let (config, loaded) = read(
            "# comment\n\n  PORT 7000\r\nrequirepass \"a \\x41\"\ninclude other.conf\nhz 30\n\
             save 10 1\nsave 20 2 30 3\nclient-output-buffer-limit pubsub 1mb 1kb 3\nbind 127.0.0.1 -::1\n\
             loadmodule /lib/x.so a b\njson.x 1 2\nrename-command CONFIG \"\"\nuser bob on\nlua-replicate-commands yes\n",
        )
        .expect("a good file");
        assert_eq!(
            (config.port, config.requirepass.as_str(), config.maxmemory, config.hz),
            (7000, "a A", 1 << 30, 30)
        );
        assert_eq!(config.get("save").as_deref(), Some("10 1 20 2 30 3"));
        assert_eq!(
            config.client_output_buffer_limit.pubsub,
            OutputLimit { hard_bytes: 1 << 20, soft_bytes: 1024, soft_secs: 3 }
        );
        assert_eq!(config.bind, ["127.0.0.1", "-::1"]);
        assert_eq!(loaded.modules, [["/lib/x.so", "a", "b"]]);
        assert_eq!(loaded.module_configs, [("json.x".to_owned(), "1 2".to_owned())]);
        assert_eq!(loaded.renamed_commands, [("CONFIG".to_owned(), String::new())]);
        assert_eq!(loaded.users, [["bob", "on"]]);
    }

    #[test]
    fn save_lines() {
        for (text, expected) in [
            ("", "3600 1 300 100 60 10000"),
            ("save \"\"", ""),
            ("save 1 1\nsave \"\"", ""),
            ("save \"\"\nsave 1 1", "1 1"),
            ("save \"5 5 6 6\"", "5 5 6 6"),
        ] {
            let (config, _) = read(text).expect("a good file");
            assert_eq!(config.get("save").as_deref(), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn refuses_with_line_and_reason() {
        for (text, expected) in [
            (
                "port 1\nfoo bar",
                "at line 2\n>>> 'foo bar'\nBad directive or wrong number of arguments",
            ),
            (
                "loadmodule",
                "at line 1\n>>> 'loadmodule'\nBad directive or wrong number of arguments",
            ),
            ("port 1 2", "wrong number of arguments"),
            ("port \"1", "Unbalanced quotes in configuration line"),
            ("port abc", "argument couldn't be parsed into an integer"),
            ("json.x", "Module config specified without value"),
            ("include gone.conf", "Can't open config file gone.conf"),
            ("include self.conf", "Files include each other too deeply"),
            ("appendonly yes", "the append-only file is not supported yet"),
        ] {
            let error = read(text).expect_err("a bad file");
            assert!(error.starts_with("Reading the configuration file, at line "), "{error}");
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
