//! The handles that a module only ever holds by pointer.

use std::marker::{PhantomData, PhantomPinned};

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[repr(C)]
        pub struct $name {
            _private: [u8; 0],
            /// Neither sendable nor movable: what is behind the pointer is the host's.
            _not_ours: PhantomData<(*mut u8, PhantomPinned)>,
        }
    )*};
}

handles! {
    /// What every callback gets. Its first word is the address of `GetApi`; the rest is the host's.
    Context,
    /// An opened key.
    Key,
    /// A counted byte string.
    ModuleString,
    /// The reply of a nested command, or an element of one.
    CallReply,
    /// The stream of an RDB or AOF callback.
    Io,
    /// The running digest of `DEBUG DIGEST`.
    Digest,
    /// The report that an INFO callback adds to.
    InfoContext,
    /// An ordered map from byte strings to pointers.
    Dict,
    /// A place in a [`Dict`].
    DictIterator,
    /// A data type that a module has registered.
    DataType,
    /// A command of the command table.
    Command,
    /// A client that a module keeps waiting.
    BlockedClient,
    /// A registered command filter.
    CommandFilter,
    /// What a command filter sees of one command.
    CommandFilterContext,
    /// INFO, parsed into fields.
    ServerInfo,
    /// A place in a scan.
    ScanCursor,
    /// An ACL user.
    User,
    /// Key names and databases for the second generation of data type callbacks.
    KeyOptContext,
    /// The state of a defragmentation callback.
    DefragContext,
}
