//! Clients, as modules may look at them.

use std::ffi::{c_int, c_ulonglong, c_void};
use std::ptr;

use byte_string::ByteString;
use engine::{ClientId, client_flag};
use module_abi::{ClientInfo, ERR, OK};

use crate::boundary::{api, set_errno};
use crate::context::Context;
use crate::current::with_engine;
use crate::module_string::ModuleString;

use super::events::client_info;
use super::memory::give_string;

api! {
    /// 0 when the context has no client.
    fn GetClientId(context: &Context) -> c_ulonglong {
        context.client.get().map_or(0, |client| client.0)
    }

    /// errno ENOENT for a client that is not there.
    fn GetClientUserNameById(context: &Context, id: u64) -> *mut ModuleString {
        let user = with_engine(|engine| engine.clients.get(ClientId(id)).map(|client| ByteString::from(client.user.as_str())));
        match user.flatten() {
            Some(user) => give_string(Some(context), user),
            None => {
                set_errno(libc::ENOENT);
                ptr::null_mut()
            }
        }
    }

    /// Whether the client's commands must not be refused: it repeats what happened elsewhere. None does here.
    fn MustObeyClient(_context: &Context) -> c_int {
        0
    }

    /// With NULL only tells whether the client is there.
    fn GetClientInfoById(place: *mut c_void, id: u64) -> c_int {
        let Some(info) = with_engine(|engine| client_info(engine, ClientId(id))).flatten() else { return ERR };
        if place.is_null() {
            return OK;
        }
        // SAFETY: Rule 4: the place begins with the version that the module fills in.
        let version = unsafe { place.cast::<u64>().read() };
        if version != 1 {
            return ERR;
        }
        // SAFETY: A structure of version 1, which is ours.
        unsafe { place.cast::<ClientInfo>().write(info) };
        OK
    }

    /// errno ENOENT for a client that is not there; NULL also for one without a name.
    fn GetClientNameById(context: &Context, id: u64) -> *mut ModuleString {
        let name = with_engine(|engine| engine.clients.get(ClientId(id)).map(|client| client.name.clone()));
        match name.flatten() {
            Some(name) => name.map_or(ptr::null_mut(), |name| give_string(Some(context), name)),
            None => {
                set_errno(libc::ENOENT);
                ptr::null_mut()
            }
        }
    }

    /// errno ENOENT for a client that is not there, EINVAL for a name with blanks.
    fn SetClientNameById(id: u64, name: &ModuleString) -> c_int {
        if !name.as_bytes().iter().all(|byte| (b'!'..=b'~').contains(byte)) {
            set_errno(libc::EINVAL);
            return ERR;
        }
        let name = name.to_byte_string();
        let done = with_engine(|engine| {
            let client = engine.clients.get_mut(ClientId(id))?;
            client.name = (!name.is_empty()).then_some(name);
            Some(())
        });
        if done.flatten().is_none() {
            set_errno(libc::ENOENT);
            return ERR;
        }
        OK
    }

    /// The user of the context's client.
    fn GetCurrentUserName(context: &Context) -> *mut ModuleString {
        let user = with_engine(|engine| {
            let client = context.client.get().and_then(|id| engine.clients.get(id));
            client.filter(|client| !client.has(client_flag::FAKE)).map(|client| ByteString::from(client.user.as_str()))
        });
        give_string(Some(context), user.flatten().unwrap_or_else(|| ByteString::from("default")))
    }

    /// The number of clients that got the message.
    fn PublishMessage(_context: &Context, channel: &ModuleString, message: &ModuleString) -> c_int {
        let (channel, message) = (channel.to_byte_string(), message.to_byte_string());
        let receivers = with_engine(|engine| engine.publish(&channel, &message)).unwrap_or_default();
        c_int::try_from(receivers).unwrap_or(c_int::MAX)
    }
}
