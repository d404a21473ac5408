//! A look at the requests that wait in a buffer, before they are parsed.

/// More arguments than this, and the look ends: it is to cost little.
const ARGUMENTS_MAX: usize = 64;
/// Digits of a count or length.
const DIGITS_MAX: usize = 9;

/// The first argument of each whole request at the start of `input`, which is where most commands
/// have their key.
///
/// This is a hint and no parser. It ends at the first thing that is not a plain array of strings,
/// and before a request of very many arguments.
pub fn keys_ahead(mut input: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        loop {
            let count = take_number(&mut input, b'*')?;
            if count > ARGUMENTS_MAX {
                return None;
            }
            let mut key = None;
            for at in 0..count {
                let len = take_number(&mut input, b'$')?;
                let (string, rest) = input.split_at_checked(len)?;
                input = rest.get(b"\r\n".len()..)?;
                if at == 1 {
                    key = Some(string);
                }
            }
            if key.is_some() {
                return key;
            }
        }
    })
}

fn take_number(input: &mut &[u8], sigil: u8) -> Option<usize> {
    let digits = input.strip_prefix(&[sigil])?;
    let mut number = 0;
    for (at, &byte) in digits.iter().take(DIGITS_MAX + 1).enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + usize::from(byte - b'0'),
            b'\r' if at > 0 => {
                *input = digits.get(at + b"\r\n".len()..)?;
                return Some(number);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(input: &str) -> Vec<&str> {
        keys_ahead(input.as_bytes()).filter_map(|key| std::str::from_utf8(key).ok()).collect()
    }

    #[test]
    fn whole_requests_show_their_keys() {
        let get = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
        let ping = "*1\r\n$4\r\nPING\r\n";
        let set = "*3\r\n$3\r\nSET\r\n$2\r\nbb\r\n$5\r\nx\r\ny\n\r\n";
        assert_eq!(keys(&[get, ping, set, get].concat()), ["a", "bb", "a"]);
        // The last one is not whole.
        assert_eq!(keys(&[get, &set[..set.len() - 3]].concat()), ["a"]);
    }

    #[test]
    fn anything_else_ends_the_look() {
        let get = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
        for odd in [
            "",
            "PING\r\n",
            "*\r\n",
            "*-1\r\n",
            "*2\r\n:1\r\n",
            "*2\r\n$-1\r\n",
            "*9999999999\r\n",
            "*1000\r\n$1",
        ] {
            assert_eq!(keys(&[get, odd].concat()), ["a"], "{odd}");
        }
        assert_eq!(keys("*0\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n"), [""]);
    }
}
