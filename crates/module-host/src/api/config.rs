//! Configs of modules, under the server's CONFIG.
//!
//! A config's full name is `<module>.<name>`. Values given before it is registered (in the config file, on the command
//! line, by LOADEX) wait in the registry until the module calls `LoadConfigs`.

use std::ffi::{CStr, CString, c_char, c_int, c_longlong, c_uint, c_void};
use std::ptr;
use std::sync::Arc;

use byte_string::ByteString;
use engine::Engine;
use module_abi::{
    ConfigApplyFn, ConfigGetBoolFn, ConfigGetEnumFn, ConfigGetNumericFn, ConfigGetStringFn,
    ConfigSetBoolFn, ConfigSetEnumFn, ConfigSetNumericFn, ConfigSetStringFn, ERR, OK, config_flag,
};

use crate::boundary::{Text, api, set_errno};
use crate::context::Context;
use crate::current::{enter, with_engine};
use crate::module_string::ModuleString;
use crate::registry::{Module, PrivateData, registry};

/// One config.
pub(crate) struct Config {
    module: &'static Module,
    /// With the module's name before it.
    name: String,
    /// Without; what the callbacks get.
    c_name: CString,
    flags: c_uint,
    kind: Kind,
    default: String,
    apply: ConfigApplyFn,
    data: PrivateData,
}

enum Kind {
    Bool { get: ConfigGetBoolFn, set: ConfigSetBoolFn },
    Numeric { get: ConfigGetNumericFn, set: ConfigSetNumericFn, min: i64, max: i64 },
    Text { get: ConfigGetStringFn, set: ConfigSetStringFn },
    Enum { get: ConfigGetEnumFn, set: ConfigSetEnumFn, values: Vec<(String, c_int)> },
}

/// Apply callbacks that are due, each once.
pub(crate) struct Due {
    module: &'static Module,
    callback: ConfigApplyFn,
    data: PrivateData,
}

/// Longest error text of a module, as in the reference.
const ERROR_LEN_MAX: usize = 255;

/// Takes the error text that a callback may have left, and frees it.
fn take_error(error: *mut ModuleString) -> Option<String> {
    // SAFETY: NULL, or a string that the module gives to the host.
    let text = unsafe { error.as_ref() }
        .map(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())?;
    // SAFETY: The module's count of the string, which it gave up.
    unsafe { ModuleString::release(error) };
    Some(text.chars().take(ERROR_LEN_MAX).collect())
}

/// The outcome of a callback that answers with a status and an error text.
fn outcome(status: c_int, error: *mut ModuleString, otherwise: &str) -> Result<(), String> {
    let text = take_error(error);
    if status == OK { Ok(()) } else { Err(text.unwrap_or_else(|| otherwise.to_owned())) }
}

impl Config {
    /// The value, as CONFIG GET shows it.
    fn get(&self) -> String {
        let (name, data) = (self.c_name.as_ptr(), self.data.0);
        match &self.kind {
            Kind::Bool { get, .. } => {
                // SAFETY: The module's callback, with the name and the data it gave for it.
                let on = get.is_some_and(|get| unsafe { get(name, data) } != 0);
                if on { "yes" } else { "no" }.to_owned()
            }
            Kind::Numeric { get, .. } => {
                // SAFETY: As above.
                get.map_or(0, |get| unsafe { get(name, data) }).to_string()
            }
            Kind::Text { get, .. } => {
                // SAFETY: As above.
                let string = get.map_or(ptr::null_mut(), |get| unsafe { get(name, data) });
                // SAFETY: NULL, or a string that stays the module's.
                let string = unsafe { string.cast::<ModuleString>().as_ref() };
                string
                    .map(|string| String::from_utf8_lossy(string.as_bytes()).into_owned())
                    .unwrap_or_default()
            }
            Kind::Enum { get, values, .. } => {
                // SAFETY: As above.
                let value = get.map_or(0, |get| unsafe { get(name, data) });
                self.enum_text(value, values)
            }
        }
    }

    fn enum_text(&self, value: c_int, values: &[(String, c_int)]) -> String {
        if self.flags & config_flag::BITFLAGS != 0 {
            let names: Vec<&str> = values
                .iter()
                .filter(|(_, bits)| *bits != 0 && value & bits == *bits)
                .map(|(name, _)| name.as_str())
                .collect();
            if !names.is_empty() {
                return names.join(" ");
            }
        }
        values
            .iter()
            .find(|(_, known)| *known == value)
            .map(|(name, _)| name.clone())
            .unwrap_or_else(|| "unknown".to_owned())
    }

    fn enum_value(&self, text: &str, values: &[(String, c_int)]) -> Option<c_int> {
        let one = |word: &str| {
            values.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, value)| *value)
        };
        if self.flags & config_flag::BITFLAGS != 0 {
            return text
                .split_ascii_whitespace()
                .map(one)
                .try_fold(0, |bits, value| Some(bits | value?));
        }
        one(text)
    }

    /// Gives the module a new value.
    fn set(&self, text: &[u8]) -> Result<(), String> {
        let (name, data) = (self.c_name.as_ptr(), self.data.0);
        let words = String::from_utf8_lossy(text);
        let mut error: *mut ModuleString = ptr::null_mut();
        let place = (&raw mut error).cast();
        let status = match &self.kind {
            Kind::Bool { set, .. } => {
                let value = match words.to_ascii_lowercase().as_str() {
                    "yes" => 1,
                    "no" => 0,
                    _ => return Err("argument must be 'yes' or 'no'".to_owned()),
                };
                // SAFETY: The module's callback, with the name and the data it gave for it, and a place for an error.
                set.map_or(ERR, |set| unsafe { set(name, value, data, place) })
            }
            Kind::Numeric { set, min, max, .. } => {
                let parsed = if self.flags & config_flag::MEMORY != 0 {
                    engine::config::parse_memory(&words)
                } else {
                    resp::parse_i64(text)
                };
                let Some(value) = parsed else {
                    return Err(if self.flags & config_flag::MEMORY != 0 {
                        "argument must be a memory value".to_owned()
                    } else {
                        "argument couldn't be parsed into an integer".to_owned()
                    });
                };
                if !(*min..=*max).contains(&value) {
                    return Err(format!("argument must be between {min} and {max} inclusive"));
                }
                // SAFETY: As above.
                set.map_or(ERR, |set| unsafe { set(name, value, data, place) })
            }
            Kind::Text { set, .. } => {
                let string = ModuleString::give(ByteString::from(text));
                // SAFETY: As above; the module retains the string if it keeps it.
                let status =
                    set.map_or(ERR, |set| unsafe { set(name, string.cast(), data, place) });
                // SAFETY: Our count of the string, given up.
                unsafe { ModuleString::release(string) };
                status
            }
            Kind::Enum { set, values, .. } => {
                let Some(value) = self.enum_value(&words, values) else {
                    let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
                    return Err(format!(
                        "argument(s) must be one of the following: {}",
                        names.join(", ")
                    ));
                };
                // SAFETY: As above.
                set.map_or(ERR, |set| unsafe { set(name, value, data, place) })
            }
        };
        outcome(status, error, "the module refused the value")
    }

    /// Notes that the apply callback is due, once for all configs that share it.
    fn apply_later(&self) {
        if self.apply.is_none() {
            return;
        }
        let address =
            |callback: ConfigApplyFn| callback.map(|callback| callback as *const () as usize);
        registry(|registry| {
            let known = registry.due_applies.iter().any(|due| {
                address(due.callback) == address(self.apply) && ptr::eq(due.data.0, self.data.0)
            });
            if !known {
                registry.due_applies.push(Due {
                    module: self.module,
                    callback: self.apply,
                    data: self.data,
                });
            }
        });
    }
}

/// Configs of all modules.
fn configs() -> Vec<Arc<Config>> {
    let modules: Vec<_> = registry(|registry| registry.modules.values().copied().collect());
    modules.into_iter().flat_map(|module| module.state.lock().configs.clone()).collect()
}

/// (name, value) of the configs that the test wants.
pub(crate) fn get(engine: &mut Engine, is_wanted: &dyn Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut found = configs();
    found.retain(|config| {
        let exact = config.flags & config_flag::HIDDEN == 0;
        exact && is_wanted(&config.name)
    });
    found.into_iter().map(|config| (config.name.clone(), enter(engine, || config.get()))).collect()
}

/// Sets one; `None` when there is none of that name.
pub(crate) fn set(engine: &mut Engine, name: &str, value: &[u8]) -> Option<Result<(), String>> {
    let config = configs().into_iter().find(|config| config.name.eq_ignore_ascii_case(name))?;
    if config.flags & config_flag::IMMUTABLE != 0 {
        return Some(Err("can't set immutable config".to_owned()));
    }
    if config.flags & config_flag::DENY_LOADING != 0 && engine.loading {
        return Some(Err("can't be set while the server is loading".to_owned()));
    }
    let done = enter(engine, || config.set(value));
    if done.is_ok() {
        config.apply_later();
    }
    Some(done)
}

/// Runs the apply callbacks that are due.
pub(crate) fn apply(engine: &mut Engine) -> Result<(), String> {
    let due = registry(|registry| std::mem::take(&mut registry.due_applies));
    for due in due {
        let Some(callback) = due.callback else { continue };
        let context = Context::new(Some(due.module), 0);
        let handle = (&raw const context).cast_mut().cast();
        let mut error: *mut ModuleString = ptr::null_mut();
        let place = (&raw mut error).cast();
        // SAFETY: The module's callback, with a context that outlives the call, its own data and a place for an error.
        let status = enter(engine, || unsafe { callback(handle, due.data.0, place) });
        context.finish(engine);
        outcome(status, error, "the module refused to apply the value")?;
    }
    Ok(())
}

/// What LoadConfigs did not take; the reason to refuse the module.
pub(crate) fn left_over(module: &Module) -> Vec<String> {
    let prefix = format!("{}.", module.name);
    registry(|registry| {
        registry.waiting_configs.keys().filter(|name| name.starts_with(&prefix)).cloned().collect()
    })
}

/// What is common to all registrations: checks, names, and the module's list.
fn register(
    context: &Context,
    name: Text<'_>,
    flags: c_uint,
    kind: Kind,
    default: String,
    apply: ConfigApplyFn,
    data: *mut c_void,
) -> c_int {
    let Some(module) = context.module.get().filter(|module| module.is_loading()) else {
        set_errno(libc::EBUSY);
        return ERR;
    };
    let short = name.to_str();
    let is_valid = !short.is_empty()
        && short.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !is_valid || flags & !config_flag::ALL != 0 {
        set_errno(libc::EINVAL);
        return ERR;
    }
    let full = format!("{}.{short}", module.name);
    let mut state = module.state.lock();
    if state.configs.iter().any(|config| config.name == full) {
        set_errno(libc::EALREADY);
        return ERR;
    }
    let c_name = name.get().map(CStr::to_owned).unwrap_or_default();
    state.configs.push(Arc::new(Config {
        module,
        name: full,
        c_name,
        flags,
        kind,
        default,
        apply,
        data: PrivateData(data),
    }));
    OK
}

/// The named values of an enum config.
///
/// # Safety
///
/// `names` and `values` have `count` elements, the names being C strings.
unsafe fn enum_values(
    names: *const *const c_char,
    values: *const c_int,
    count: c_int,
) -> Vec<(String, c_int)> {
    (0..usize::try_from(count).unwrap_or(0))
        .filter_map(|at| {
            // SAFETY: Within the array.
            let name = unsafe { names.wrapping_add(at).read() };
            // SAFETY: Within the array.
            let value = unsafe { values.wrapping_add(at).read() };
            // SAFETY: A C string.
            unsafe { crate::boundary::text_at(name) }.map(|name| (name, value))
        })
        .collect()
}

api! {
    fn RegisterBoolConfig(context: &Context, name: Text<'_>, default: c_int, flags: c_uint, get: ConfigGetBoolFn, set: ConfigSetBoolFn, apply: ConfigApplyFn, data: *mut c_void) -> c_int {
        let default = if default != 0 { "yes" } else { "no" };
        register(context, name, flags, Kind::Bool { get, set }, default.to_owned(), apply, data)
    }

    fn RegisterNumericConfig(context: &Context, name: Text<'_>, default: c_longlong, flags: c_uint, min: c_longlong, max: c_longlong, get: ConfigGetNumericFn, set: ConfigSetNumericFn, apply: ConfigApplyFn, data: *mut c_void) -> c_int {
        register(context, name, flags, Kind::Numeric { get, set, min, max }, default.to_string(), apply, data)
    }

    fn RegisterStringConfig(context: &Context, name: Text<'_>, default: Text<'_>, flags: c_uint, get: ConfigGetStringFn, set: ConfigSetStringFn, apply: ConfigApplyFn, data: *mut c_void) -> c_int {
        register(context, name, flags, Kind::Text { get, set }, default.to_str().into_owned(), apply, data)
    }

    fn RegisterEnumConfig(context: &Context, name: Text<'_>, default: c_int, flags: c_uint, names: *const *const c_char, values: *const c_int, count: c_int, get: ConfigGetEnumFn, set: ConfigSetEnumFn, apply: ConfigApplyFn, data: *mut c_void) -> c_int {
        // SAFETY: Rules 2 and 3, for the arrays.
        let values = unsafe { enum_values(names, values, count) };
        let default = values.iter().find(|(_, value)| *value == default).map(|(name, _)| name.clone()).unwrap_or_default();
        register(context, name, flags, Kind::Enum { get, set, values }, default, apply, data)
    }

    /// Gives every config its value: the one that waits for it, or its default.
    fn LoadConfigs(context: &Context) -> c_int {
        let Some(module) = context.module.get().filter(|module| module.is_loading()) else { return ERR };
        let configs = {
            let mut state = module.state.lock();
            state.configs_loaded = true;
            state.configs.clone()
        };
        for config in configs {
            let given = registry(|registry| {
                let key = registry.waiting_configs.keys().find(|name| name.eq_ignore_ascii_case(&config.name)).cloned();
                key.and_then(|key| registry.waiting_configs.remove(&key))
            });
            let value = given.as_ref().unwrap_or(&config.default);
            let done = with_engine(|engine| enter(engine, || config.set(value.as_bytes())));
            if let Some(Err(error)) = done {
                super::log::line(3, &format!("Issue during loading of configuration {} : {error}", config.name));
                return ERR;
            }
            config.apply_later();
        }
        match with_engine(apply) {
            Some(Err(error)) => {
                super::log::line(3, &format!("Issue applying the configuration of module {}: {error}", module.name));
                ERR
            }
            _ => OK,
        }
    }
}
