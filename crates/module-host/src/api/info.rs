//! INFO: the sections of modules, and the list of modules.

use std::cell::{Cell, RefCell};
use std::ffi::{c_double, c_int, c_longlong, c_ulonglong};
use std::fmt::Write;

use engine::Engine;
use engine::hooks::InfoSelection;
use module_abi::{ERR, Handle, InfoFn, OK, module_option};

use crate::boundary::{Text, api};
use crate::context::Context;
use crate::current::enter;
use crate::module_string::ModuleString;
use crate::registry::{Module, registry};

/// One `RedisModuleInfoCtx`.
pub(crate) struct InfoReport {
    module: &'static Module,
    /// `None` for all sections.
    wanted: Option<Vec<String>>,
    text: RefCell<String>,
    in_section: Cell<bool>,
    /// A field of fields is open; whether it has one already.
    in_dict: Cell<Option<bool>>,
}

impl Handle for InfoReport {
    type Opaque = module_abi::InfoContext;
}

/// Characters that would break INFO's lines.
fn safe(text: &str) -> String {
    text.replace(['#', ':', '\n', '\r'], "_")
}

impl InfoReport {
    fn field(&self, name: &Text<'_>, value: &str) -> c_int {
        if !self.in_section.get() {
            return ERR;
        }
        let name = safe(&name.to_str());
        let mut text = self.text.borrow_mut();
        let written = match self.in_dict.get() {
            Some(has_fields) => {
                self.in_dict.set(Some(true));
                write!(text, "{}{name}={value}", if has_fields { "," } else { "" })
            }
            None => write!(text, "{}_{name}:{value}\r\n", self.module.name),
        };
        // Writing to a string cannot fail.
        debug_assert!(written.is_ok());
        OK
    }

    fn end_dict(&self) -> c_int {
        if self.in_dict.take().is_none() {
            return ERR;
        }
        self.text.borrow_mut().push_str("\r\n");
        OK
    }

    fn is_wanted(&self, section: &str) -> bool {
        let Some(wanted) = &self.wanted else { return true };
        let module = self.module.name.to_ascii_lowercase();
        let section = section.to_ascii_lowercase();
        wanted.iter().any(|name| *name == module || *name == section)
    }
}

/// Modules in the order of their names.
fn modules() -> Vec<&'static Module> {
    registry(|registry| registry.modules.values().copied().collect())
}

/// Appends the sections that are wanted. They show for `everything`, `modules`, the module's name, and their own name.
pub(crate) fn sections(engine: &mut Engine, selection: &InfoSelection, out: &mut String) {
    let all = selection.everything || selection.sections.iter().any(|name| name == "modules");
    if !all && selection.sections.is_empty() {
        return;
    }
    for module in modules() {
        let Some(callback) = module.state.lock().info else { continue };
        let report = InfoReport {
            module,
            wanted: (!all).then(|| selection.sections.clone()),
            text: RefCell::default(),
            in_section: Cell::new(false),
            in_dict: Cell::new(None),
        };
        let handle = (&raw const report).cast_mut().cast();
        // SAFETY: The module's callback, with a report that outlives the call.
        enter(engine, || unsafe { callback(handle, 0) });
        report.end_dict();
        let text = report.text.into_inner();
        if text.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push_str("\r\n");
        }
        out.push_str(&text);
    }
}

/// Appends a line for each module.
pub(crate) fn list(_engine: &mut Engine, out: &mut String) {
    const OPTIONS: [(c_int, &str); 3] = [
        (module_option::HANDLE_IO_ERRORS, "handle-io-errors"),
        (module_option::HANDLE_REPL_ASYNC_LOAD, "handle-repl-async-load"),
        (module_option::NO_IMPLICIT_SIGNAL_MODIFIED, "no-implicit-signal-modified"),
    ];
    let names = |modules: &[&'static Module]| -> String {
        modules.iter().map(|module| module.name.as_str()).collect::<Vec<_>>().join("|")
    };
    for module in modules() {
        let state = module.state.lock();
        let filters = registry(|registry| {
            registry.filters.iter().filter(|filter| filter.is_of(module)).count()
        });
        let options: Vec<&str> = OPTIONS
            .iter()
            .filter(|(bit, _)| module.has_option(*bit))
            .map(|(_, name)| *name)
            .collect();
        let written = write!(
            out,
            "module:name={},ver={},api={},filters={filters},usedby=[{}],using=[{}],options=[{}]\r\n",
            module.name,
            module.version,
            module.api_version,
            names(&state.used_by),
            names(&state.using),
            options.join("|")
        );
        // Writing to a string cannot fail.
        debug_assert!(written.is_ok());
    }
}

api! {
    fn RegisterInfoFunc(context: &Context, callback: InfoFn) -> c_int {
        let Some(module) = context.module.get() else { return ERR };
        module.state.lock().info = callback;
        OK
    }

    /// ERR when nobody asked for the section: its fields are then not taken either.
    fn InfoAddSection(report: &InfoReport, name: Text<'_>) -> c_int {
        report.end_dict();
        let section = if name.bytes().is_empty() {
            report.module.name.clone()
        } else {
            format!("{}_{}", report.module.name, safe(&name.to_str()))
        };
        let wanted = report.is_wanted(&section);
        report.in_section.set(wanted);
        if !wanted {
            return ERR;
        }
        let mut text = report.text.borrow_mut();
        if !text.is_empty() {
            text.push_str("\r\n");
        }
        let written = write!(text, "# {section}\r\n");
        // Writing to a string cannot fail.
        debug_assert!(written.is_ok());
        OK
    }

    fn InfoBeginDictField(report: &InfoReport, name: Text<'_>) -> c_int {
        report.end_dict();
        if !report.in_section.get() {
            return ERR;
        }
        let written = write!(report.text.borrow_mut(), "{}_{}:", report.module.name, safe(&name.to_str()));
        // Writing to a string cannot fail.
        debug_assert!(written.is_ok());
        report.in_dict.set(Some(false));
        OK
    }

    fn InfoEndDictField(report: &InfoReport) -> c_int {
        report.end_dict()
    }

    fn InfoAddFieldString(report: &InfoReport, name: Text<'_>, value: &ModuleString) -> c_int {
        report.field(&name, &safe(&String::from_utf8_lossy(value.as_bytes())))
    }

    fn InfoAddFieldCString(report: &InfoReport, name: Text<'_>, value: Text<'_>) -> c_int {
        report.field(&name, &safe(&value.to_str()))
    }

    /// With 17 digits after the point, as many as are needed.
    fn InfoAddFieldDouble(report: &InfoReport, name: Text<'_>, value: c_double) -> c_int {
        let mut text = Vec::new();
        resp::format_double(value, &mut text);
        report.field(&name, &String::from_utf8_lossy(&text))
    }

    fn InfoAddFieldLongLong(report: &InfoReport, name: Text<'_>, value: c_longlong) -> c_int {
        report.field(&name, &value.to_string())
    }

    fn InfoAddFieldULongLong(report: &InfoReport, name: Text<'_>, value: c_ulonglong) -> c_int {
        report.field(&name, &value.to_string())
    }
}
