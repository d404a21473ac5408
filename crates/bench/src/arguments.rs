//! The command line, turned into what it means.

use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;

use lexopt::prelude::*;

use crate::documents::Shape;

pub(crate) const USAGE: &str = "\
Usage: keystow-bench --server NAME=HOST:PORT [--server NAME=HOST:PORT ...] [options]

Stores JSON documents as documents (JSON.SET), as plain strings (SET) and as strings that the
client compresses with zstd, on every server given, and prints what each way costs.
Servers should be empty and unused; the keys that are written are deleted at the end.

  --server NAME=HOST:PORT   a server to measure; the first is the one others are compared with
  --part cache|whole|paths|large|plain|memory
                            only this part, may be repeated
                              cache: the look-aside cache, 20 % reads and 80 % writes
                              whole: whole documents against plain SET and GET, pipeline 1 and 16
                              paths: scalars by path against GET of an absent key, edits against
                                     INCR, pipeline 1 and 16
                              large: delay of a small GET while 10 MB are set and got
                              memory: documents at rest, only when it is asked for
                              plain: plain SET and GET by valkey-benchmark, pipeline 1 and 16
  --documents profile|order|page
                            only this document, may be repeated (200 B, 10 KB, 150 KB)
  --rounds N                rounds whose median is told             [5]
  --keys N                  keys of the cache                       [2000]
  --operations N            operations of a round of the cache      [10000]
  --seed N                  seed of keys, documents and order       [1]
  --pin                     client and server share one core of this machine: no noise from
                            waking idle cores (except in the part 'plain')
  --valkey-benchmark PATH   the program for the part 'plain'; without it the part is left out
  --markdown FILE           write the report as Markdown, too
  --commit TEXT             what was built, for the header
  --help
";

/// What is measured, in the order in which it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Cache,
    Whole,
    Paths,
    Large,
    Plain,
    Memory,
}

impl FromStr for Part {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "cache" => Ok(Part::Cache),
            "whole" => Ok(Part::Whole),
            "paths" => Ok(Part::Paths),
            "plain" => Ok(Part::Plain),
            "large" => Ok(Part::Large),
            "memory" => Ok(Part::Memory),
            _ => Err(format!(
                "no part is called '{name}'; there are cache, whole, paths, large, plain and memory"
            )),
        }
    }
}

pub(crate) struct Arguments {
    /// Name and address of each server; at least one.
    pub(crate) servers: Vec<(String, String)>,
    pub(crate) parts: Vec<Part>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) rounds: usize,
    pub(crate) keys: usize,
    pub(crate) operations: usize,
    pub(crate) seed: u64,
    pub(crate) pin: bool,
    pub(crate) valkey_benchmark: Option<PathBuf>,
    pub(crate) markdown: Option<PathBuf>,
    pub(crate) commit: Option<String>,
}

impl Arguments {
    /// `None` when help was asked for.
    pub(crate) fn parse() -> Result<Option<Self>, Box<dyn Error>> {
        Self::parse_from(lexopt::Parser::from_env())
    }

    fn parse_from(mut parser: lexopt::Parser) -> Result<Option<Self>, Box<dyn Error>> {
        let mut arguments = Self {
            servers: Vec::new(),
            parts: Vec::new(),
            shapes: Vec::new(),
            rounds: 5,
            keys: 2000,
            operations: 10_000,
            seed: 1,
            pin: false,
            valkey_benchmark: None,
            markdown: None,
            commit: None,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("server") => {
                    let text = parser.value()?.string()?;
                    let Some((name, address)) = text.split_once('=') else {
                        return Err(format!("--server takes NAME=HOST:PORT, not '{text}'").into());
                    };
                    arguments.servers.push((name.to_owned(), address.to_owned()));
                }
                Long("part") => arguments.parts.push(parser.value()?.parse()?),
                Long("documents") => arguments.shapes.push(parser.value()?.parse()?),
                Long("rounds") => arguments.rounds = at_least_one(&mut parser)?,
                Long("keys") => arguments.keys = at_least_one(&mut parser)?,
                Long("operations") => arguments.operations = at_least_one(&mut parser)?,
                Long("seed") => arguments.seed = parser.value()?.parse()?,
                Long("pin") => arguments.pin = true,
                Long("valkey-benchmark") => {
                    arguments.valkey_benchmark = Some(parser.value()?.into());
                }
                Long("markdown") => arguments.markdown = Some(parser.value()?.into()),
                Long("commit") => arguments.commit = Some(parser.value()?.string()?),
                Long("help") | Short('h') => return Ok(None),
                _ => return Err(argument.unexpected().into()),
            }
        }
        if arguments.servers.is_empty() {
            return Err("no --server was given; --help tells more".into());
        }
        if arguments.parts.is_empty() {
            arguments.parts = vec![Part::Cache, Part::Whole, Part::Paths, Part::Large];
            if arguments.valkey_benchmark.is_some() {
                arguments.parts.push(Part::Plain);
            }
        }
        if arguments.shapes.is_empty() {
            arguments.shapes = Shape::ALL.to_vec();
        }
        Ok(Some(arguments))
    }
}

fn at_least_one(parser: &mut lexopt::Parser) -> Result<usize, Box<dyn Error>> {
    match parser.value()?.parse()? {
        0 => Err("a count of 0 measures nothing".into()),
        count => Ok(count),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Option<Arguments>, Box<dyn Error>> {
        Arguments::parse_from(lexopt::Parser::from_args(arguments))
    }

    #[test]
    fn what_is_not_given_has_the_values_of_the_help() {
        let arguments = parsed(&["--server", "a=h:1", "--server=b=h:2"]).unwrap().unwrap();
        assert_eq!(arguments.servers[1], ("b".to_owned(), "h:2".to_owned()));
        assert_eq!(arguments.parts, [Part::Cache, Part::Whole, Part::Paths, Part::Large]);
        assert_eq!(arguments.shapes, Shape::ALL);
        let counts = (arguments.rounds, arguments.keys, arguments.operations);
        assert_eq!(counts, (5, 2000, 10_000));
    }

    #[test]
    fn mistakes_are_refused() {
        for wrong in [
            &["--rounds", "3"][..],
            &["--server", "localhost:6379"],
            &["--server", "a=h:1", "--rounds", "0"],
            &["--server", "a=h:1", "--part", "all"],
            &["--server", "a=h:1", "--documents", "tiny"],
            &["--server", "a=h:1", "more"],
        ] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }
}
