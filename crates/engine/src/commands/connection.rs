//! Commands about the connection itself.

use crate::command::{Arg, ArgKind, Docs, Spec, category, flag};
use crate::{Call, Engine, Outcome};

pub(super) const SPECS: &[Spec] = &[PING];

const PING: Spec = Spec::new(
    "ping",
    -1,
    ping,
    Docs::new("connection", "1.0.0", "O(1)", "Answers PONG, or the message given.")
        .args(&[Arg::new("message", ArgKind::String).optional()]),
)
.flags(flag::FAST)
.categories(category::CONNECTION)
.tips(&["request_policy:all_shards", "response_policy:all_succeeded"]);

fn ping(engine: &mut Engine, call: &mut Call) -> Outcome {
    if call.argc() > 2 {
        return Err(crate::Error::WrongArity("ping".to_owned()));
    }
    let listening = engine.clients.get(call.client).is_some_and(crate::Client::in_pubsub_mode);
    if listening {
        call.reply.array(2);
        call.reply.bulk(b"pong");
        match call.argv.get(1) {
            Some(message) => call.reply.bulk(message),
            None => call.reply.bulk(b""),
        }
    } else if let Some(message) = call.argv.get(1) {
        call.reply.bulk(message);
    } else {
        call.reply.simple("PONG");
    }
    Ok(())
}
