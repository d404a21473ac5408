//! INFO, read by a module: the text parsed into fields.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_double, c_int, c_longlong, c_ulonglong};
use std::mem::MaybeUninit;
use std::ptr;

use byte_string::ByteString;
use engine::Argv;
use module_abi::{ERR, Handle, OK};
use resp::Protocol;

use crate::boundary::{Text, api};
use crate::context::{Context, Owned};
use crate::current::with_engine;
use crate::module_string::ModuleString;

use super::call::with_stand_in;
use super::memory::give_string;
use super::strings::{parse_double, parse_u64};

/// One `RedisModuleServerInfoData`.
pub(crate) struct ServerInfo {
    fields: BTreeMap<Vec<u8>, CString>,
}

impl Handle for ServerInfo {
    type Opaque = module_abi::ServerInfo;
}

impl ServerInfo {
    fn parse(text: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        for line in text.split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.starts_with(b"#") {
                continue;
            }
            if let Some(at) = line.iter().position(|&byte| byte == b':')
                && let Ok(value) = CString::new(&line[at + 1..])
            {
                fields.insert(line[..at].to_vec(), value);
            }
        }
        Self { fields }
    }

    fn field(&self, name: Text<'_>) -> Option<&CString> {
        self.fields.get(name.bytes())
    }
}

/// The text of INFO for one section; all of the default ones for none.
fn info_text(context: &Context, section: Text<'_>) -> Vec<u8> {
    let mut argv = Argv::new();
    argv.push(ByteString::from("info"));
    if section.get().is_some() {
        argv.push(ByteString::from(section.bytes()));
    }
    let reply = with_engine(|engine| {
        let command = engine.look_up(&argv).ok()?;
        Some(with_stand_in(engine, context.db.get(), |engine, client| {
            let mut call = engine.nested_call(client, 0, command, argv, Protocol::Resp2);
            engine.invoke(&mut call);
            call.reply.to_vec()
        }))
    });
    let bytes = reply.flatten().unwrap_or_default();
    match resp::read_token(&bytes) {
        Ok(Some((resp::Token::Bulk(text), _))) => text.to_vec(),
        _ => Vec::new(),
    }
}

fn number<T>(value: Option<T>, error: Option<&mut MaybeUninit<c_int>>, otherwise: T) -> T {
    if let Some(error) = error {
        error.write(if value.is_some() { OK } else { ERR });
    }
    value.unwrap_or(otherwise)
}

api! {
    fn GetServerInfo(context: &Context, section: Text<'_>) -> *mut ServerInfo {
        let info = Box::into_raw(Box::new(ServerInfo::parse(&info_text(context, section))));
        context.own(Owned::ServerInfo(info));
        info
    }

    fn FreeServerInfo(context: Option<&Context>, info: *mut ServerInfo) {
        if info.is_null() {
            return;
        }
        if let Some(context) = context {
            context.disown(Owned::ServerInfo(info));
        }
        // SAFETY: Made by GetServerInfo (rule 1), and not used again.
        drop(unsafe { Box::from_raw(info) });
    }

    /// NULL for a field that is not there.
    fn ServerInfoGetField(context: Option<&Context>, info: &ServerInfo, name: Text<'_>) -> *mut ModuleString {
        let field = info.field(name);
        field.map_or(ptr::null_mut(), |value| give_string(context, ByteString::from(value.to_bytes())))
    }

    /// NULL for a field that is not there; else good until the info is freed.
    fn ServerInfoGetFieldC(info: &ServerInfo, name: Text<'_>) -> *const c_char {
        info.field(name).map_or(ptr::null(), |value| value.as_ptr())
    }

    fn ServerInfoGetFieldSigned(info: &ServerInfo, name: Text<'_>, error: Option<&mut MaybeUninit<c_int>>) -> c_longlong {
        number(info.field(name).and_then(|value| resp::parse_i64(value.to_bytes())), error, 0)
    }

    fn ServerInfoGetFieldUnsigned(info: &ServerInfo, name: Text<'_>, error: Option<&mut MaybeUninit<c_int>>) -> c_ulonglong {
        number(info.field(name).and_then(|value| parse_u64(value.to_bytes())), error, 0)
    }

    fn ServerInfoGetFieldDouble(info: &ServerInfo, name: Text<'_>, error: Option<&mut MaybeUninit<c_int>>) -> c_double {
        number(info.field(name).and_then(|value| parse_double(value.to_bytes())), error, 0.0)
    }
}
