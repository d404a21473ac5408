//! Holds the list of functions against the bindings that an SDK generates from the C headers: rustc compares every
//! signature; opaque handles may have other names, nothing else may differ.
//!
//! Left out are the functions that the SDK's header does not have yet, and those with a long double, which bindgen leaves
//! out too.

use module_abi as ours;
use valkey_module::raw as sdk;

/// `Self` is what the SDK calls `T`.
trait Is<T> {}

macro_rules! same {
    ($($kind:ty),* $(,)?) => {$( impl Is<$kind> for $kind {} )*};
}

same!((), u8, i8, u16, i32, u32, i64, u64, usize, f32, f64, std::ffi::c_void);

macro_rules! handles {
    ($($ours:ident = $sdk:ident),* $(,)?) => {$( impl Is<sdk::$sdk> for ours::$ours {} )*};
}

handles!(
    Context = ValkeyModuleCtx,
    Key = ValkeyModuleKey,
    ModuleString = ValkeyModuleString,
    CallReply = ValkeyModuleCallReply,
    Io = ValkeyModuleIO,
    Digest = ValkeyModuleDigest,
    InfoContext = ValkeyModuleInfoCtx,
    Dict = ValkeyModuleDict,
    DictIterator = ValkeyModuleDictIter,
    DataType = ValkeyModuleType,
    Command = ValkeyModuleCommand,
    BlockedClient = ValkeyModuleBlockedClient,
    CommandFilter = ValkeyModuleCommandFilter,
    CommandFilterContext = ValkeyModuleCommandFilterCtx,
    ServerInfo = ValkeyModuleServerInfoData,
    ScanCursor = ValkeyModuleScanCursor,
    KeyOptContext = ValkeyModuleKeyOptCtx,
    DefragContext = ValkeyModuleDefragCtx,
);

/// Structures whose layout is public; their sizes are compared below.
macro_rules! structures {
    ($($ours:ident = $sdk:ident),* $(,)?) => {
        $( impl Is<sdk::$sdk> for ours::$ours {} )*

        #[test]
        fn structures_have_the_sdks_size_and_alignment() {
            $(
                assert_eq!(size_of::<ours::$ours>(), size_of::<sdk::$sdk>(), stringify!($ours));
                assert_eq!(align_of::<ours::$ours>(), align_of::<sdk::$sdk>(), stringify!($ours));
            )*
        }
    };
}

structures!(
    TypeMethods = ValkeyModuleTypeMethods,
    Event = ValkeyModuleEvent,
    StreamId = ValkeyModuleStreamID,
    CommandInfo = ValkeyModuleCommandInfo,
    CommandInfoVersion = ValkeyModuleCommandInfoVersion,
    CommandKeySpec = ValkeyModuleCommandKeySpec,
    CommandArg = ValkeyModuleCommandArg,
    CommandHistoryEntry = ValkeyModuleCommandHistoryEntry,
    ClientInfo = ValkeyModuleClientInfo,
    ReplicationInfo = ValkeyModuleReplicationInfo,
    FlushInfo = ValkeyModuleFlushInfo,
    ModuleChange = ValkeyModuleModuleChange,
    ConfigChange = ValkeyModuleConfigChange,
    CronLoop = ValkeyModuleCronLoopInfo,
    LoadingProgress = ValkeyModuleLoadingProgressInfo,
    SwapDbInfo = ValkeyModuleSwapDbInfo,
    KeyInfo = ValkeyModuleKeyInfo,
);

impl<A: Is<B>, B> Is<*mut B> for *mut A {}
impl<A: Is<B>, B> Is<*const B> for *const A {}

macro_rules! functions {
    ($($ours:ident $sdk:ident),*) => {
        impl<R: Is<S>, S, $($ours: Is<$sdk>, $sdk),*> Is<Option<unsafe extern "C" fn($($sdk),*) -> S>>
            for Option<unsafe extern "C" fn($($ours),*) -> R>
        {}
    };
}

functions!();
functions!(A0 B0);
functions!(A0 B0, A1 B1);
functions!(A0 B0, A1 B1, A2 B2);
functions!(A0 B0, A1 B1, A2 B2, A3 B3);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5, A6 B6);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5, A6 B6, A7 B7);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5, A6 B6, A7 B7, A8 B8);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5, A6 B6, A7 B7, A8 B8, A9 B9);
functions!(A0 B0, A1 B1, A2 B2, A3 B3, A4 B4, A5 B5, A6 B6, A7 B7, A8 B8, A9 B9, A10 B10);

impl<R: Is<S>, S, A0: Is<B0>, B0, A1: Is<B1>, B1> Is<Option<unsafe extern "C" fn(B0, B1, ...) -> S>>
    for Option<unsafe extern "C" fn(A0, A1, ...) -> R>
{
}
impl<R: Is<S>, S, A0: Is<B0>, B0, A1: Is<B1>, B1, A2: Is<B2>, B2>
    Is<Option<unsafe extern "C" fn(B0, B1, B2, ...) -> S>>
    for Option<unsafe extern "C" fn(A0, A1, A2, ...) -> R>
{
}

/// Compiles only if the place that the SDK keeps for a function has the listed type. Nothing is read.
fn is<Ours: Is<Theirs>, Theirs>(_place: *const Theirs) {}

macro_rules! compare {
    // Newer than the SDK's header.
    (have ClusterKeySlotC $($rest:tt)*) => {};
    (vary ReplyWithCustomErrorFormat $($rest:tt)*) => {};
    (have $name:ident ($($arg:ty),*) $($result:ty)?) => {
        paste::paste! {
            is::<Option<unsafe extern "C" fn($($arg),*) $(-> $result)?>, _>(&raw const sdk::[<ValkeyModule_ $name>]);
        }
    };
    (vary $name:ident ($($arg:ty),*) $($result:ty)?) => {
        paste::paste! {
            is::<Option<unsafe extern "C" fn($($arg),*, ...) $(-> $result)?>, _>(&raw const sdk::[<ValkeyModule_ $name>]);
        }
    };
    ($other:ident $name:ident) => {};
}

macro_rules! all {
    ($($status:ident $name:ident $(($($arg:ty),*))? $(-> $result:ty)?;)*) => {
        $( compare!($status $name $(($($arg),*))? $($result)?); )*
    };
}

#[test]
fn signatures_are_the_sdks() {
    use ours::*;
    module_abi::api_functions!(all);
}
