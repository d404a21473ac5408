//! What documents look like outside of the server: payloads and RDB files of other modules, old and new; our own in
//! their form; and damaged ones.

mod damage;
mod foreign;
mod payload;

use crate::host::Host;
use crate::report::Report;

pub fn suite(hosts: &[Host], report: &mut Report) {
    for &host in hosts {
        report.checks(
            &format!("formats of documents on {}", host.title()),
            &[
                ("payloads of valkey-json, encver 3", &|| foreign::valkey_json_payloads(host)),
                ("payloads of RedisJSON, encver 4", &|| foreign::redisjson_payloads(host)),
                ("payloads of the first RedisJSON, encver 0", &|| foreign::encver_0(host)),
                ("payloads of RedisJSON 2.0, encver 2", &|| foreign::encver_2(host)),
                ("encoding versions that nobody writes", &|| foreign::unknown_versions(host)),
                ("an RDB file of Valkey 9 with values of valkey-json", &|| {
                    foreign::valkey_json_file(host)
                }),
                ("the RDB file of RedisJSON", &|| foreign::redisjson_file(host)),
                ("our portable payloads are those of valkey-json", &|| foreign::same_bytes(host)),
                ("a portable file has plain text", &|| foreign::portable_file(host)),
                ("lengths without end", &|| damage::endless_lengths(host)),
                ("payloads that are cut short", &|| damage::cut_short(host)),
            ],
        );
        let (title, outcome) = damage::mutated(host);
        match outcome {
            Ok(()) => report.group(&title, 1, Vec::new()),
            Err(e) => report.group(&title, 0, vec![e]),
        }
    }
}
