//! The fields of INFO that only the server knows.

use std::fmt::Write;

use engine::Engine;
use engine::config::Supervised;

use crate::{background, memory, outside};

macro_rules! fields {
    ($text:expr, $($name:literal: $value:expr),* $(,)?) => {
        // Writing into a String cannot fail.
        $( let _ = write!($text, concat!($name, ":{}\r\n"), $value); )*
    };
}

/// Appends to the section of that name.
pub(crate) fn append(engine: &Engine, section: &str, text: &mut String) {
    match section {
        "server" => server(engine, text),
        "memory" => memory(engine, text),
        "persistence" => persistence(engine, text),
        "cpu" => cpu(text),
        _ => {}
    }
}

fn server(engine: &Engine, text: &mut String) {
    let executable =
        std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    let config_file = outside::seen(engine)
        .and_then(|outside| outside.config_file.as_deref())
        .unwrap_or_default();
    let system = rustix::system::uname();
    let supervised = match engine.config.supervised {
        Supervised::No => "no",
        Supervised::Systemd => "systemd",
        Supervised::Upstart => "upstart",
        Supervised::Auto => "auto",
    };
    fields!(text,
        "os": format_args!(
            "{} {} {}",
            system.sysname().to_string_lossy(),
            system.release().to_string_lossy(),
            system.machine().to_string_lossy()
        ),
        "monotonic_clock": "POSIX clock_gettime",
        "process_id": std::process::id(),
        "process_supervised": supervised,
        "executable": executable,
        "config_file": config_file,
        "io_threads_active": u8::from(engine.config.io_threads > 1),
    );
    let mut listeners = Vec::new();
    if engine.config.port != 0 {
        let addresses: Vec<String> =
            engine.config.bind.iter().map(|address| format!("bind={address},")).collect();
        listeners.push(format!("name=tcp,{}port={}", addresses.concat(), engine.config.port));
    }
    if !engine.config.unixsocket.is_empty() {
        listeners.push(format!("name=unix,bind={}", engine.config.unixsocket));
    }
    for (index, listener) in listeners.iter().enumerate() {
        let _ = write!(text, "listener{index}:{listener}\r\n");
    }
}

fn memory(engine: &Engine, text: &mut String) {
    let used = memory::used();
    let resident = memory::resident();
    let allocator = outside::seen(engine).map(|outside| outside.allocator).unwrap_or_default();
    let system = rustix::system::sysinfo();
    let total = u64::from(system.mem_unit.max(1)) * system.totalram;
    let ratio =
        |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let surplus = |part: usize, whole: usize| part as i64 - whole as i64;
    fields!(text,
        "used_memory_rss": resident,
        "used_memory_rss_human": engine::commands::info::human_bytes(resident as u64),
        "allocator_allocated": allocator.allocated,
        "allocator_active": allocator.active,
        "allocator_resident": allocator.resident,
        "total_system_memory": total,
        "total_system_memory_human": engine::commands::info::human_bytes(total),
        "allocator_frag_ratio": format_args!("{:.2}", ratio(allocator.active, allocator.allocated)),
        "allocator_frag_bytes": surplus(allocator.active, allocator.allocated),
        "allocator_rss_ratio": format_args!("{:.2}", ratio(allocator.resident, allocator.active)),
        "allocator_rss_bytes": surplus(allocator.resident, allocator.active),
        "rss_overhead_ratio": format_args!("{:.2}", ratio(resident, allocator.resident)),
        "rss_overhead_bytes": surplus(resident, allocator.resident),
        "mem_fragmentation_ratio": format_args!("{:.2}", ratio(resident, used)),
        "mem_fragmentation_bytes": surplus(resident, used),
        "mem_allocator": memory::ALLOCATOR_NAME,
        "lazyfree_pending_objects": background::pending(),
    );
}

fn persistence(engine: &Engine, text: &mut String) {
    let Some(saving) = outside::seen(engine).map(|outside| &outside.saving) else { return };
    fields!(text,
        "rdb_bgsave_in_progress": u8::from(saving.in_progress()),
        "rdb_last_bgsave_status": if saving.last_ok { "ok" } else { "err" },
        "rdb_last_bgsave_time_sec": saving.last_secs,
        "rdb_current_bgsave_time_sec": saving.current_secs(),
        "rdb_saves": saving.saves,
        "rdb_last_cow_size": saving.last_cow_len,
        "rdb_last_load_keys_expired": saving.loaded_expired,
        "rdb_last_load_keys_loaded": saving.loaded_keys,
        "aof_enabled": 0,
        "aof_rewrite_in_progress": 0,
        "aof_rewrite_scheduled": 0,
        "aof_last_rewrite_time_sec": -1,
        "aof_current_rewrite_time_sec": -1,
        "aof_last_bgrewrite_status": "ok",
        "aof_rewrites": 0,
        "aof_rewrites_consecutive_failures": 0,
        "aof_last_write_status": "ok",
        "aof_last_cow_size": 0,
        "module_fork_in_progress": 0,
        "module_fork_last_cow_size": 0,
    );
}

/// Processor time of the process and of its ended children, from `/proc/self/stat`.
fn cpu(text: &mut String) {
    const TICKS_PER_SEC: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The program's name stands in parentheses and may hold anything; what counts comes after it.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let secs = |index: usize| {
        let ticks = after_name
            .split_ascii_whitespace()
            .nth(index)
            .and_then(|field| field.parse::<f64>().ok());
        ticks.unwrap_or(0.0) / TICKS_PER_SEC
    };
    fields!(text,
        "used_cpu_sys": format_args!("{:.6}", secs(12)),
        "used_cpu_user": format_args!("{:.6}", secs(11)),
        "used_cpu_sys_children": format_args!("{:.6}", secs(14)),
        "used_cpu_user_children": format_args!("{:.6}", secs(13)),
    );
}
