//! The command line: `keystow-server [/path/valkey.conf] [--option value …] [-]`.

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Help,
    Version,
    Run(Arguments),
}

/// Where the configuration comes from, in order of precedence from low to high.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) config_file: Option<String>,
    /// `-`: more lines come from standard input.
    pub(crate) stdin: bool,
    /// The options as lines of a configuration file.
    pub(crate) lines: String,
}

pub(crate) fn parse(arguments: &[String]) -> Request {
    match arguments.first().map(String::as_str) {
        Some("-v" | "--version") => return Request::Version,
        Some("-h" | "--help") => return Request::Help,
        _ => {}
    }
    let mut parsed = Arguments::default();
    let mut rest = arguments;
    if let Some((first, others)) = rest.split_first()
        && !first.starts_with('-')
    {
        parsed.config_file = Some(first.clone());
        rest = others;
    }
    // An option needs a value before the next one may begin, so that a value may begin with two dashes.
    let mut complete = true;
    for (index, word) in rest.iter().enumerate() {
        let last = index + 1 == rest.len();
        if word == "-" && (index == 0 || last) {
            parsed.stdin = true;
        } else if let Some(option) = word.strip_prefix("--").filter(|_| complete) {
            if !parsed.lines.is_empty() {
                parsed.lines.push('\n');
            }
            parsed.lines.push_str(option);
            // `--port 6380` may come as one word.
            complete = option.trim().contains(' ');
            let next_is_option = rest.get(index + 1).is_none_or(|next| next.starts_with("--"));
            if option.eq_ignore_ascii_case("save") && next_is_option {
                parsed.lines.push_str(" \"\"");
                complete = true;
            }
        } else {
            parsed.lines.push(' ');
            parsed.lines.push_str(&quoted(word));
            complete = true;
        }
    }
    Request::Run(parsed)
}

fn quoted(word: &str) -> String {
    format!(
        "\"{}\"",
        word.escape_default().to_string().replace("\\u{", "\\\\u{").replace("\\'", "'")
    )
}

pub(crate) const USAGE: &str = "\
Usage: keystow-server [/path/to/valkey.conf] [--option value ...] [-]
       keystow-server -            reads the configuration from standard input
       keystow-server -v | --version
       keystow-server -h | --help

Any directive of valkey.conf can be given as an option; options come after the
file and after standard input, so they win. For example:

       keystow-server --port 7777 --loadmodule /path/libjson.so
       keystow-server /etc/valkey/valkey.conf --loglevel verbose
       echo 'maxmemory 128mb' | keystow-server -
";

#[cfg(test)]
mod tests {
    use super::{Arguments, Request, parse};

    fn run(words: &[&str]) -> Arguments {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        match parse(&words) {
            Request::Run(arguments) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_become_lines() {
        for (words, file, stdin, lines) in [
            (&[][..], None, false, ""),
            (&["/a.conf"], Some("/a.conf"), false, ""),
            (
                &["--port", "7000", "--save", "", "--bind", "::1", "127.0.0.1"],
                None,
                false,
                "port \"7000\"\nsave \"\"\nbind \"::1\" \"127.0.0.1\"",
            ),
            (&["--save", "--port", "1"], None, false, "save \"\"\nport \"1\""),
            (&["--save"], None, false, "save \"\""),
            (&["--port 1", "--hz", "2"], None, false, "port 1\nhz \"2\""),
            (&["--requirepass", "--x \"y\\"], None, false, "requirepass \"--x \\\"y\\\\\""),
            (&["a.conf", "--port", "1", "-"], Some("a.conf"), true, "port \"1\""),
            (&["-"], None, true, ""),
        ] {
            let expected =
                Arguments { config_file: file.map(str::to_owned), stdin, lines: lines.to_owned() };
            assert_eq!(run(words), expected);
        }
    }
}
