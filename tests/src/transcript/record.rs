//! Writes expectations from what the stock servers answer; a person reviews the difference.
//!
//! Expectations that already hold stay as written, wildcards included. Where Redis differs from Valkey a
//! block for it appears with the reason missing, and the file cannot be used before someone gave it.

use std::time::Duration;

use crate::host::Host;
use crate::reply::Reply;
use crate::transcript::file::{Action, Block, File, Step, Who, reason_mark, selector_text};
use crate::transcript::notation;
use crate::transcript::pattern::Pattern;
use crate::transcript::run;
use crate::transcript::session::Session;

/// How long a server stays silent before a step counts as answered.
const QUIET: Duration = Duration::from_millis(15);
const FIRST: Duration = Duration::from_millis(400);

/// The replies of each step, or none where the case does not apply.
type Heard = Vec<Vec<Option<Vec<Reply>>>>;

/// Plays `file` on stock servers and puts their replies into it.
pub fn record(file: &mut File) -> Result<(), String> {
    let valkey = [listen(file, Host::Valkey, 2)?, listen(file, Host::Valkey, 3)?];
    let redis = [listen(file, Host::Redis, 2)?, listen(file, Host::Redis, 3)?];
    for (c, case) in file.cases.iter_mut().enumerate() {
        for s in 0..case.steps.len() {
            let of = |heard: &[Heard; 2]| {
                [heard[0][c].get(s).cloned().flatten(), heard[1][c].get(s).cloned().flatten()]
            };
            settle(&mut case.steps[s], &of(&valkey), &of(&redis));
            let step = &case.steps[s];
            let differs = step.blocks.iter().position(|block| block.who == Some(Who::Redis));
            if let Some(at) = differs
                && !case.has_reason(Who::Redis, s)
                && step.blocks[at].above.is_empty()
            {
                let mark = format!("{}?", reason_mark(Who::Redis));
                case.steps[s].blocks[at].above.push(mark);
            }
        }
    }
    Ok(())
}

fn listen(file: &File, host: Host, protocol: u8) -> Result<Heard, String> {
    let mut session = Session::start(file, host, protocol)?;
    let mut heard = Vec::new();
    for case in &file.cases {
        let mut steps = Vec::new();
        let skipped = case.only_protocol.is_some_and(|only| only != protocol)
            || case.except.iter().any(|who| who.means(host));
        if !skipped {
            session.begin(case)?;
            for step in &case.steps {
                let replies = listen_step(&mut session, step)
                    .map_err(|e| format!("{}:{}: {e}", file.path.display(), step.line))?;
                steps.push(Some(replies));
            }
        }
        heard.push(steps);
    }
    Ok(heard)
}

fn listen_step(session: &mut Session, step: &Step) -> Result<Vec<Reply>, String> {
    session.act(&step.action)?;
    let (client, filters) = match &step.action {
        Action::Send { client, filters, .. } => (client.clone(), filters.clone()),
        Action::Raw { client, .. } | Action::Read { client } => (client.clone(), Vec::new()),
        Action::Sleep { .. } | Action::Close { .. } => return Ok(Vec::new()),
    };
    let mut replies = Vec::new();
    session.client(&client)?.set_patience(FIRST).map_err(|e| e.to_string())?;
    loop {
        match run::read(session, &client, &filters) {
            Ok(Reply::Closed) => {
                replies.push(Reply::Closed);
                break;
            }
            Ok(reply) => replies.push(reply),
            Err(e) if e == "read: no reply" => break,
            Err(e) => return Err(e),
        }
        session.client(&client)?.set_patience(QUIET).map_err(|e| e.to_string())?;
    }
    Ok(replies)
}

fn holds(patterns: &[Pattern], heard: &Option<Vec<Reply>>) -> bool {
    heard.as_ref().is_none_or(|replies| {
        patterns.len() == replies.len()
            && patterns.iter().zip(replies).all(|(pattern, reply)| pattern.matches(reply))
    })
}

fn settle(step: &mut Step, valkey: &[Option<Vec<Reply>>; 2], redis: &[Option<Vec<Reply>>; 2]) {
    let held = |step: &Step, host, heard: &[Option<Vec<Reply>>; 2]| {
        holds(step.expected(host, 2), &heard[0]) && holds(step.expected(host, 3), &heard[1])
    };
    if !held(step, Host::Valkey, valkey) {
        step.blocks.retain(|block| block.who.is_some_and(|who| !who.means(Host::Valkey)));
        for block in blocks(None, valkey).into_iter().rev() {
            step.blocks.insert(0, block);
        }
    }
    if !held(step, Host::Redis, redis) {
        step.blocks.retain(|block| block.who != Some(Who::Redis));
        step.blocks.extend(blocks(Some(Who::Redis), redis));
    }
}

fn blocks(who: Option<Who>, heard: &[Option<Vec<Reply>>; 2]) -> Vec<Block> {
    let exact = |replies: &Vec<Reply>| replies.iter().map(notation::exact).collect::<Vec<_>>();
    match heard {
        [Some(two), Some(three)] => {
            let both: Option<Vec<Pattern>> = match two.len() == three.len() {
                true => two.iter().zip(three).map(|(a, b)| notation::merged(a, b)).collect(),
                false => None,
            };
            match both {
                Some(patterns) => vec![block(who, None, patterns)],
                None => {
                    vec![block(who, None, exact(two)), block(who, Some(3), exact(three))]
                }
            }
        }
        [Some(replies), None] | [None, Some(replies)] => vec![block(who, None, exact(replies))],
        [None, None] => Vec::new(),
    }
}

fn block(who: Option<Who>, protocol: Option<u8>, patterns: Vec<Pattern>) -> Block {
    let selector = selector_text(who, protocol);
    let text =
        patterns.iter().flat_map(notation::lines).map(|line| format!("{selector}{line}")).collect();
    Block { who, protocol, above: Vec::new(), text, patterns }
}
