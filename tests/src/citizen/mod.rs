//! What a host expects of a module beyond its commands: values that can be weighed, copied, freed and compared; streams
//! that break; an AOF that can be rewritten; a log that tells nothing of users.

mod loading;
mod log;
mod rewrite;
mod values;

use crate::host::Host;
use crate::report::Report;

pub fn suite(hosts: &[Host], report: &mut Report) {
    for &host in hosts {
        report.checks(
            &format!("libjson.so as a citizen of {}", host.title()),
            &[
                ("TYPE, SCAN TYPE, OBJECT, MEMORY USAGE", &|| values::looked_at(host)),
                ("one digest in every form and after every way", &|| values::digests(host)),
                ("documents packed with a dictionary", &|| values::dictionaries(host)),
                ("COPY, RENAME, MOVE and SWAPDB in every form", &|| values::moved(host)),
                ("large documents are freed on another thread, small ones at once", &|| {
                    values::freed(host)
                }),
                ("nothing is left of documents that were removed", &|| values::removed(host)),
                ("no byte of a document, no name of a key in the log", &|| log::silent(host)),
                ("a name in the log when the host shows names", &|| log::outspoken(host)),
                ("files that end early", &|| loading::truncated(host)),
            ],
        );
        // Our server has neither AOF nor replication yet.
        if host == Host::Keystow {
            continue;
        }
        report.checks(
            &format!("libjson.so in AOF and replication of {}", host.title()),
            &[
                ("an AOF rewritten without preamble", &|| rewrite::rewritten(host)),
                ("documents longer than an argument in parts", &|| rewrite::in_parts(host)),
                ("an AOF from before limits were lowered", &|| rewrite::narrowed(host)),
                ("a full sync beside the data that is served", &|| loading::swapdb(host)),
                ("a full sync that breaks leaves the old data", &|| loading::broken_sync(host)),
            ],
        );
    }
}
