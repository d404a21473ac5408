//! The one list of API functions.

/// Calls `$consume!` with every function that the C headers ask for, in the order of the API's sections:
///
/// ```text
/// have Name(arguments) -> result;   written in Rust
/// vary Name(arguments) -> result;   C-variadic after these arguments: `variadic.c`
/// shim Name;                        takes or gives a long double: `variadic.c`
/// lack Name;                        not there yet: a module that asks for it gets NULL
/// ```
///
/// Names are without `ValkeyModule_` or `RedisModule_`; each answers to both. Types are those of this crate.
#[macro_export]
macro_rules! api_functions {
    ($consume:ident) => {
        $consume! {
            // module/time
            have SetModuleAttribs(*mut Context, *const c_char, c_int, c_int);
            have IsModuleNameBusy(*const c_char) -> c_int;
            have Milliseconds() -> c_longlong;
            have MonotonicMicroseconds() -> u64;
            have Microseconds() -> c_longlong;
            have CachedMicroseconds() -> c_longlong;
            // options
            have SetModuleOptions(*mut Context, c_int);
            // alloc
            have Alloc(usize) -> *mut c_void;
            have TryAlloc(usize) -> *mut c_void;
            have Calloc(usize, usize) -> *mut c_void;
            have TryCalloc(usize, usize) -> *mut c_void;
            have Realloc(*mut c_void, usize) -> *mut c_void;
            have TryRealloc(*mut c_void, usize) -> *mut c_void;
            have Free(*mut c_void);
            have Strdup(*const c_char) -> *mut c_char;
            // pool
            have PoolAlloc(*mut Context, usize) -> *mut c_void;
            // auto-memory
            have AutoMemory(*mut Context);
            // memory
            have MallocSize(*mut c_void) -> usize;
            have MallocUsableSize(*mut c_void) -> usize;
            have MallocSizeString(*mut ModuleString) -> usize;
            have MallocSizeDict(*mut Dict) -> usize;
            have GetUsedMemoryRatio() -> f32;
            // strings
            have CreateString(*mut Context, *const c_char, usize) -> *mut ModuleString;
            vary CreateStringPrintf(*mut Context, *const c_char) -> *mut ModuleString;
            have CreateStringFromLongLong(*mut Context, c_longlong) -> *mut ModuleString;
            have CreateStringFromULongLong(*mut Context, c_ulonglong) -> *mut ModuleString;
            have CreateStringFromDouble(*mut Context, f64) -> *mut ModuleString;
            shim CreateStringFromLongDouble;
            have CreateStringFromString(*mut Context, *const ModuleString) -> *mut ModuleString;
            have CreateStringFromStreamID(*mut Context, *const StreamId) -> *mut ModuleString;
            have FreeString(*mut Context, *mut ModuleString);
            have RetainString(*mut Context, *mut ModuleString);
            have HoldString(*mut Context, *mut ModuleString) -> *mut ModuleString;
            have StringPtrLen(*const ModuleString, *mut usize) -> *const c_char;
            have StringToLongLong(*const ModuleString, *mut c_longlong) -> c_int;
            have StringToULongLong(*const ModuleString, *mut c_ulonglong) -> c_int;
            have StringToDouble(*const ModuleString, *mut f64) -> c_int;
            shim StringToLongDouble;
            have StringToStreamID(*const ModuleString, *mut StreamId) -> c_int;
            have StringCompare(*const ModuleString, *const ModuleString) -> c_int;
            have StringAppendBuffer(*mut Context, *mut ModuleString, *const c_char, usize) -> c_int;
            have TrimStringAllocation(*mut ModuleString);
            // reply
            have WrongArity(*mut Context) -> c_int;
            have ReplyWithLongLong(*mut Context, c_longlong) -> c_int;
            have ReplyWithError(*mut Context, *const c_char) -> c_int;
            vary ReplyWithErrorFormat(*mut Context, *const c_char) -> c_int;
            vary ReplyWithCustomErrorFormat(*mut Context, c_int, *const c_char) -> c_int;
            have ReplyWithSimpleString(*mut Context, *const c_char) -> c_int;
            have ReplyWithArray(*mut Context, c_long) -> c_int;
            have ReplyWithMap(*mut Context, c_long) -> c_int;
            have ReplyWithSet(*mut Context, c_long) -> c_int;
            have ReplyWithAttribute(*mut Context, c_long) -> c_int;
            have ReplyWithNullArray(*mut Context) -> c_int;
            have ReplyWithEmptyArray(*mut Context) -> c_int;
            have ReplySetArrayLength(*mut Context, c_long);
            have ReplySetMapLength(*mut Context, c_long);
            have ReplySetSetLength(*mut Context, c_long);
            have ReplySetAttributeLength(*mut Context, c_long);
            have ReplyWithStringBuffer(*mut Context, *const c_char, usize) -> c_int;
            have ReplyWithCString(*mut Context, *const c_char) -> c_int;
            have ReplyWithString(*mut Context, *mut ModuleString) -> c_int;
            have ReplyWithEmptyString(*mut Context) -> c_int;
            have ReplyWithVerbatimStringType(*mut Context, *const c_char, usize, *const c_char) -> c_int;
            have ReplyWithVerbatimString(*mut Context, *const c_char, usize) -> c_int;
            have ReplyWithNull(*mut Context) -> c_int;
            have ReplyWithBool(*mut Context, c_int) -> c_int;
            have ReplyWithCallReply(*mut Context, *mut CallReply) -> c_int;
            have ReplyWithDouble(*mut Context, f64) -> c_int;
            have ReplyWithBigNumber(*mut Context, *const c_char, usize) -> c_int;
            shim ReplyWithLongDouble;
            // commands
            have IsKeysPositionRequest(*mut Context) -> c_int;
            have KeyAtPosWithFlags(*mut Context, c_int, c_int);
            have KeyAtPos(*mut Context, c_int);
            have IsChannelsPositionRequest(*mut Context) -> c_int;
            lack ChannelAtPosWithFlags;
            have CreateCommand(*mut Context, *const c_char, CommandFn, *const c_char, c_int, c_int, c_int) -> c_int;
            have GetCommand(*mut Context, *const c_char) -> *mut Command;
            have CreateSubcommand(*mut Command, *const c_char, CommandFn, *const c_char, c_int, c_int, c_int) -> c_int;
            have SetCommandInfo(*mut Command, *const CommandInfo) -> c_int;
            have GetCommandKeysWithFlags(*mut Context, *mut *mut ModuleString, c_int, *mut c_int, *mut *mut c_int) -> *mut c_int;
            have GetCommandKeys(*mut Context, *mut *mut ModuleString, c_int, *mut c_int) -> *mut c_int;
            have GetCurrentCommandName(*mut Context) -> *const c_char;
            // call
            have FreeCallReply(*mut CallReply);
            have CallReplyType(*mut CallReply) -> c_int;
            have CallReplyLength(*mut CallReply) -> usize;
            have CallReplyArrayElement(*mut CallReply, usize) -> *mut CallReply;
            have CallReplyInteger(*mut CallReply) -> c_longlong;
            have CallReplyDouble(*mut CallReply) -> f64;
            have CallReplyBigNumber(*mut CallReply, *mut usize) -> *const c_char;
            have CallReplyVerbatim(*mut CallReply, *mut usize, *mut *const c_char) -> *const c_char;
            have CallReplyBool(*mut CallReply) -> c_int;
            have CallReplySetElement(*mut CallReply, usize) -> *mut CallReply;
            have CallReplyMapElement(*mut CallReply, usize, *mut *mut CallReply, *mut *mut CallReply) -> c_int;
            have CallReplyAttribute(*mut CallReply) -> *mut CallReply;
            have CallReplyAttributeElement(*mut CallReply, usize, *mut *mut CallReply, *mut *mut CallReply) -> c_int;
            lack CallReplyPromiseSetUnblockHandler;
            lack CallReplyPromiseAbort;
            have CallReplyStringPtr(*mut CallReply, *mut usize) -> *const c_char;
            have CreateStringFromCallReply(*mut CallReply) -> *mut ModuleString;
            vary Call(*mut Context, *const c_char, *const c_char) -> *mut CallReply;
            have CallReplyProto(*mut CallReply, *mut usize) -> *const c_char;
            // replication
            vary Replicate(*mut Context, *const c_char, *const c_char) -> c_int;
            have ReplicateVerbatim(*mut Context) -> c_int;
            // keyspace
            have SignalModifiedKey(*mut Context, *mut ModuleString) -> c_int;
            have GetSelectedDb(*mut Context) -> c_int;
            have SelectDb(*mut Context, c_int) -> c_int;
            have KeyExists(*mut Context, *mut ModuleString) -> c_int;
            have OpenKey(*mut Context, *mut ModuleString, c_int) -> *mut Key;
            have CloseKey(*mut Key);
            have KeyType(*mut Key) -> c_int;
            have ValueLength(*mut Key) -> usize;
            have DeleteKey(*mut Key) -> c_int;
            have UnlinkKey(*mut Key) -> c_int;
            have GetExpire(*mut Key) -> c_longlong;
            have SetExpire(*mut Key, c_longlong) -> c_int;
            have GetAbsExpire(*mut Key) -> c_longlong;
            have SetAbsExpire(*mut Key, c_longlong) -> c_int;
            have ResetDataset(c_int, c_int);
            have DbSize(*mut Context) -> c_ulonglong;
            have RandomKey(*mut Context) -> *mut ModuleString;
            have GetKeyNameFromModuleKey(*mut Key) -> *const ModuleString;
            have GetDbIdFromModuleKey(*mut Key) -> c_int;
            // client
            have GetClientId(*mut Context) -> c_ulonglong;
            have GetClientUserNameById(*mut Context, u64) -> *mut ModuleString;
            have MustObeyClient(*mut Context) -> c_int;
            have GetClientInfoById(*mut c_void, u64) -> c_int;
            have GetClientNameById(*mut Context, u64) -> *mut ModuleString;
            have SetClientNameById(u64, *mut ModuleString) -> c_int;
            // ctx-flags
            have GetContextFlags(*mut Context) -> c_int;
            // type:string
            have StringSet(*mut Key, *mut ModuleString) -> c_int;
            have StringDMA(*mut Key, *mut usize, c_int) -> *mut c_char;
            have StringTruncate(*mut Key, usize) -> c_int;
            // type:list
            lack ListPush;
            lack ListPop;
            lack ListGet;
            lack ListSet;
            lack ListInsert;
            lack ListDelete;
            // type:zset
            lack ZsetAdd;
            lack ZsetIncrby;
            lack ZsetRem;
            lack ZsetScore;
            // type:zset-range
            lack ZsetRangeStop;
            lack ZsetRangeEndReached;
            lack ZsetFirstInScoreRange;
            lack ZsetLastInScoreRange;
            lack ZsetFirstInLexRange;
            lack ZsetLastInLexRange;
            lack ZsetRangeCurrentElement;
            lack ZsetRangeNext;
            lack ZsetRangePrev;
            // type:hash
            lack HashSetStringRef;
            lack HashHasStringRef;
            vary HashSet(*mut Key, c_int) -> c_int;
            vary HashGet(*mut Key, c_int) -> c_int;
            // type:stream
            lack StreamAdd;
            lack StreamDelete;
            lack StreamIteratorStart;
            lack StreamIteratorStop;
            lack StreamIteratorNextID;
            lack StreamIteratorNextField;
            lack StreamIteratorDelete;
            lack StreamTrimByLength;
            lack StreamTrimByID;
            // datatype
            have GetKeyNameFromOptCtx(*mut KeyOptContext) -> *const ModuleString;
            have GetToKeyNameFromOptCtx(*mut KeyOptContext) -> *const ModuleString;
            have GetDbIdFromOptCtx(*mut KeyOptContext) -> c_int;
            have GetToDbIdFromOptCtx(*mut KeyOptContext) -> c_int;
            have CreateDataType(*mut Context, *const c_char, c_int, *mut TypeMethods) -> *mut DataType;
            have ModuleTypeSetValue(*mut Key, *mut DataType, *mut c_void) -> c_int;
            have ModuleTypeGetType(*mut Key) -> *mut DataType;
            have ModuleTypeGetValue(*mut Key) -> *mut c_void;
            have LoadDataTypeFromStringEncver(*const ModuleString, *const DataType, c_int) -> *mut c_void;
            have LoadDataTypeFromString(*const ModuleString, *const DataType) -> *mut c_void;
            have SaveDataTypeToString(*mut Context, *mut c_void, *const DataType) -> *mut ModuleString;
            have ModuleTypeReplaceValue(*mut Key, *mut DataType, *mut c_void, *mut *mut c_void) -> c_int;
            // rdb-io
            have IsIOError(*mut Io) -> c_int;
            have SaveUnsigned(*mut Io, u64);
            have LoadUnsigned(*mut Io) -> u64;
            have SaveSigned(*mut Io, i64);
            have LoadSigned(*mut Io) -> i64;
            have SaveString(*mut Io, *mut ModuleString);
            have SaveStringBuffer(*mut Io, *const c_char, usize);
            have LoadString(*mut Io) -> *mut ModuleString;
            have LoadStringBuffer(*mut Io, *mut usize) -> *mut c_char;
            have SaveDouble(*mut Io, f64);
            have LoadDouble(*mut Io) -> f64;
            have SaveFloat(*mut Io, f32);
            have LoadFloat(*mut Io) -> f32;
            shim SaveLongDouble;
            shim LoadLongDouble;
            // io-ctx
            have GetContextFromIO(*mut Io) -> *mut Context;
            have GetKeyNameFromIO(*mut Io) -> *const ModuleString;
            have GetDbIdFromIO(*mut Io) -> c_int;
            // digest
            have DigestAddStringBuffer(*mut Digest, *const c_char, usize);
            have DigestAddLongLong(*mut Digest, c_longlong);
            have DigestEndSequence(*mut Digest);
            have GetKeyNameFromDigest(*mut Digest) -> *const ModuleString;
            have GetDbIdFromDigest(*mut Digest) -> c_int;
            // aof
            vary EmitAOF(*mut Io, *const c_char, *const c_char);
            // log
            vary Log(*mut Context, *const c_char, *const c_char);
            vary LogIOError(*mut Io, *const c_char, *const c_char);
            have _Assert(*const c_char, *const c_char, c_int);
            // latency
            lack LatencyAddSample;
            // blocking
            have BlockedClientMeasureTimeStart(*mut BlockedClient) -> c_int;
            have BlockedClientMeasureTimeEnd(*mut BlockedClient) -> c_int;
            have BlockClient(*mut Context, CommandFn, CommandFn, FreePrivateDataFn, c_longlong) -> *mut BlockedClient;
            have BlockClientGetPrivateData(*mut BlockedClient) -> *mut c_void;
            have BlockClientSetPrivateData(*mut BlockedClient, *mut c_void);
            lack BlockClientOnKeys;
            lack BlockClientOnKeysWithFlags;
            lack SignalKeyAsReady;
            have UnblockClient(*mut BlockedClient, *mut c_void) -> c_int;
            have AbortBlock(*mut BlockedClient) -> c_int;
            have SetDisconnectCallback(*mut BlockedClient, DisconnectFn);
            have IsBlockedReplyRequest(*mut Context) -> c_int;
            have IsBlockedTimeoutRequest(*mut Context) -> c_int;
            have GetBlockedClientPrivateData(*mut Context) -> *mut c_void;
            lack GetBlockedClientReadyKey;
            have GetBlockedClientHandle(*mut Context) -> *mut BlockedClient;
            have BlockedClientDisconnected(*mut Context) -> c_int;
            // threads/GIL
            have GetThreadSafeContext(*mut BlockedClient) -> *mut Context;
            have GetDetachedThreadSafeContext(*mut Context) -> *mut Context;
            have FreeThreadSafeContext(*mut Context);
            have ThreadSafeContextLock(*mut Context);
            have ThreadSafeContextTryLock(*mut Context) -> c_int;
            have ThreadSafeContextUnlock(*mut Context);
            // yield
            lack Yield;
            // notifications
            have SubscribeToKeyspaceEvents(*mut Context, c_int, NotificationFn) -> c_int;
            have AddPostNotificationJob(*mut Context, PostNotificationJobFn, *mut c_void, FreeFn) -> c_int;
            have GetNotifyKeyspaceEvents() -> c_int;
            have NotifyKeyspaceEvent(*mut Context, c_int, *const c_char, *mut ModuleString) -> c_int;
            // events
            have SubscribeToServerEvent(*mut Context, Event, EventFn) -> c_int;
            have IsSubEventSupported(Event, u64) -> c_int;
            // timers
            have CreateTimer(*mut Context, c_longlong, TimerFn, *mut c_void) -> u64;
            have StopTimer(*mut Context, u64, *mut *mut c_void) -> c_int;
            have GetTimerInfo(*mut Context, u64, *mut u64, *mut *mut c_void) -> c_int;
            // eventloop
            lack EventLoopAdd;
            lack EventLoopDel;
            have EventLoopAddOneShot(OneShotFn, *mut c_void) -> c_int;
            // scan
            have ScanCursorCreate() -> *mut ScanCursor;
            have ScanCursorRestart(*mut ScanCursor);
            have ScanCursorDestroy(*mut ScanCursor);
            have Scan(*mut Context, *mut ScanCursor, ScanFn, *mut c_void) -> c_int;
            have ScanKey(*mut Key, *mut ScanCursor, ScanKeyFn, *mut c_void) -> c_int;
            // dict
            have CreateDict(*mut Context) -> *mut Dict;
            have FreeDict(*mut Context, *mut Dict);
            have DictSize(*mut Dict) -> u64;
            have DictSetC(*mut Dict, *mut c_void, usize, *mut c_void) -> c_int;
            have DictReplaceC(*mut Dict, *mut c_void, usize, *mut c_void) -> c_int;
            have DictSet(*mut Dict, *mut ModuleString, *mut c_void) -> c_int;
            have DictReplace(*mut Dict, *mut ModuleString, *mut c_void) -> c_int;
            have DictGetC(*mut Dict, *mut c_void, usize, *mut c_int) -> *mut c_void;
            have DictGet(*mut Dict, *mut ModuleString, *mut c_int) -> *mut c_void;
            have DictDelC(*mut Dict, *mut c_void, usize, *mut c_void) -> c_int;
            have DictDel(*mut Dict, *mut ModuleString, *mut c_void) -> c_int;
            have DictIteratorStartC(*mut Dict, *const c_char, *mut c_void, usize) -> *mut DictIterator;
            have DictIteratorStart(*mut Dict, *const c_char, *mut ModuleString) -> *mut DictIterator;
            have DictIteratorStop(*mut DictIterator);
            have DictIteratorReseekC(*mut DictIterator, *const c_char, *mut c_void, usize) -> c_int;
            have DictIteratorReseek(*mut DictIterator, *const c_char, *mut ModuleString) -> c_int;
            have DictNextC(*mut DictIterator, *mut usize, *mut *mut c_void) -> *mut c_void;
            have DictPrevC(*mut DictIterator, *mut usize, *mut *mut c_void) -> *mut c_void;
            have DictNext(*mut Context, *mut DictIterator, *mut *mut c_void) -> *mut ModuleString;
            have DictPrev(*mut Context, *mut DictIterator, *mut *mut c_void) -> *mut ModuleString;
            have DictCompareC(*mut DictIterator, *const c_char, *mut c_void, usize) -> c_int;
            have DictCompare(*mut DictIterator, *const c_char, *mut ModuleString) -> c_int;
            // info
            have InfoAddSection(*mut InfoContext, *const c_char) -> c_int;
            have InfoBeginDictField(*mut InfoContext, *const c_char) -> c_int;
            have InfoEndDictField(*mut InfoContext) -> c_int;
            have InfoAddFieldString(*mut InfoContext, *const c_char, *mut ModuleString) -> c_int;
            have InfoAddFieldCString(*mut InfoContext, *const c_char, *const c_char) -> c_int;
            have InfoAddFieldDouble(*mut InfoContext, *const c_char, f64) -> c_int;
            have InfoAddFieldLongLong(*mut InfoContext, *const c_char, c_longlong) -> c_int;
            have InfoAddFieldULongLong(*mut InfoContext, *const c_char, c_ulonglong) -> c_int;
            have RegisterInfoFunc(*mut Context, InfoFn) -> c_int;
            have GetServerInfo(*mut Context, *const c_char) -> *mut ServerInfo;
            have FreeServerInfo(*mut Context, *mut ServerInfo);
            have ServerInfoGetField(*mut Context, *mut ServerInfo, *const c_char) -> *mut ModuleString;
            have ServerInfoGetFieldC(*mut ServerInfo, *const c_char) -> *const c_char;
            have ServerInfoGetFieldSigned(*mut ServerInfo, *const c_char, *mut c_int) -> c_longlong;
            have ServerInfoGetFieldUnsigned(*mut ServerInfo, *const c_char, *mut c_int) -> c_ulonglong;
            have ServerInfoGetFieldDouble(*mut ServerInfo, *const c_char, *mut c_int) -> f64;
            // cmd-filter
            have RegisterCommandFilter(*mut Context, CommandFilterFn, c_int) -> *mut CommandFilter;
            have UnregisterCommandFilter(*mut Context, *mut CommandFilter) -> c_int;
            have CommandFilterArgsCount(*mut CommandFilterContext) -> c_int;
            have CommandFilterArgGet(*mut CommandFilterContext, c_int) -> *mut ModuleString;
            have CommandFilterArgInsert(*mut CommandFilterContext, c_int, *mut ModuleString) -> c_int;
            have CommandFilterArgReplace(*mut CommandFilterContext, c_int, *mut ModuleString) -> c_int;
            have CommandFilterArgDelete(*mut CommandFilterContext, c_int) -> c_int;
            have CommandFilterGetClientId(*mut CommandFilterContext) -> c_ulonglong;
            // shared-api
            have ExportSharedAPI(*mut Context, *const c_char, *mut c_void) -> c_int;
            have GetSharedAPI(*mut Context, *const c_char) -> *mut c_void;
            // config
            have UpdateRuntimeArgs(*mut Context, *mut *mut ModuleString, c_int) -> c_int;
            have RegisterStringConfig(*mut Context, *const c_char, *const c_char, c_uint, ConfigGetStringFn, ConfigSetStringFn, ConfigApplyFn, *mut c_void) -> c_int;
            have RegisterBoolConfig(*mut Context, *const c_char, c_int, c_uint, ConfigGetBoolFn, ConfigSetBoolFn, ConfigApplyFn, *mut c_void) -> c_int;
            have RegisterEnumConfig(*mut Context, *const c_char, c_int, c_uint, *mut *const c_char, *const c_int, c_int, ConfigGetEnumFn, ConfigSetEnumFn, ConfigApplyFn, *mut c_void) -> c_int;
            have RegisterNumericConfig(*mut Context, *const c_char, c_longlong, c_uint, c_longlong, c_longlong, ConfigGetNumericFn, ConfigSetNumericFn, ConfigApplyFn, *mut c_void) -> c_int;
            lack RegisterUnsignedNumericConfig;
            have LoadConfigs(*mut Context) -> c_int;
            // acl
            have AddACLCategory(*mut Context, *const c_char) -> c_int;
            have SetCommandACLCategories(*mut Command, *const c_char) -> c_int;
            lack SetContextUser;
            lack CreateModuleUser;
            lack FreeModuleUser;
            lack SetModuleUserACL;
            lack SetModuleUserACLString;
            lack GetModuleUserACLString;
            have GetCurrentUserName(*mut Context) -> *mut ModuleString;
            lack GetModuleUserFromUserName;
            lack ACLCheckCommandPermissions;
            lack ACLCheckKeyPermissions;
            lack ACLCheckChannelPermissions;
            lack ACLCheckPermissions;
            lack ACLAddLogEntry;
            lack ACLAddLogEntryByUserName;
            lack ACLCheckKeyPrefixPermissions;
            // auth
            lack RegisterAuthCallback;
            lack BlockClientOnAuth;
            lack AuthenticateClientWithUser;
            lack AuthenticateClientWithACLUser;
            lack DeauthenticateAndCloseClient;
            lack RedactClientCommandArgument;
            // tls
            lack GetClientCertificate;
            // pubsub
            have PublishMessage(*mut Context, *mut ModuleString, *mut ModuleString) -> c_int;
            lack PublishMessageShard;
            // cluster
            have RegisterClusterMessageReceiver(*mut Context, u8, ClusterMessageFn);
            have SendClusterMessage(*mut Context, *const c_char, u8, *const c_char, u32) -> c_int;
            have GetClusterNodesList(*mut Context, *mut usize) -> *mut *mut c_char;
            have FreeClusterNodesList(*mut *mut c_char);
            have GetMyClusterID() -> *const c_char;
            have GetClusterSize() -> usize;
            have GetClusterNodeInfo(*mut Context, *const c_char, *mut c_char, *mut c_char, *mut c_int, *mut c_int) -> c_int;
            lack GetClusterNodeInfoForClient;
            have SetClusterFlags(*mut Context, u64);
            have ClusterKeySlotC(*const c_char, usize) -> c_uint;
            have ClusterKeySlot(*mut ModuleString) -> c_uint;
            lack ClusterCanonicalKeyNameInSlot;
            // fork
            lack Fork;
            lack SendChildHeartbeat;
            lack ExitFromChild;
            lack KillForkChild;
            // defrag
            have RegisterDefragFunc(*mut Context, DefragFn) -> c_int;
            have DefragShouldStop(*mut DefragContext) -> c_int;
            have DefragCursorSet(*mut DefragContext, c_ulong) -> c_int;
            have DefragCursorGet(*mut DefragContext, *mut c_ulong) -> c_int;
            have DefragAlloc(*mut DefragContext, *mut c_void) -> *mut c_void;
            have DefragValkeyModuleString(*mut DefragContext, *mut ModuleString) -> *mut ModuleString;
            have GetKeyNameFromDefragCtx(*mut DefragContext) -> *const ModuleString;
            have GetDbIdFromDefragCtx(*mut DefragContext) -> c_int;
            // eviction
            have SetLRU(*mut Key, c_longlong) -> c_int;
            have GetLRU(*mut Key, *mut c_longlong) -> c_int;
            have SetLFU(*mut Key, c_longlong) -> c_int;
            have GetLFU(*mut Key, *mut c_longlong) -> c_int;
            // rdb-file
            lack RdbStreamCreateFromFile;
            lack RdbStreamFree;
            lack RdbLoad;
            lack RdbSave;
            // scripting-engine
            lack RegisterScriptingEngine;
            lack UnregisterScriptingEngine;
            lack GetFunctionExecutionState;
            lack ScriptingEngineDebuggerLog;
            lack ScriptingEngineDebuggerLogRespReplyStr;
            lack ScriptingEngineDebuggerLogRespReply;
            lack ScriptingEngineDebuggerFlushLogs;
            lack ScriptingEngineDebuggerProcessCommands;
            // util
            have GetRandomBytes(*mut c_uchar, usize);
            have GetRandomHexChars(*mut c_char, usize);
            // pause
            lack AvoidReplicaTraffic;
            // misc
            have GetOpenKeyModesAll() -> c_int;
            have GetModuleOptionsAll() -> c_int;
            have GetContextFlagsAll() -> c_int;
            have GetKeyspaceNotificationFlagsAll() -> c_int;
            have GetServerVersion() -> c_int;
            have GetTypeMethodVersion() -> c_int;
            // asked for by the headers, registered by no server
            lack ReplySetPushLength;
        }
    };
}
