//! What is written is read again as it was.

use std::any::Any;
use std::collections::BTreeMap;

use byte_string::ByteString;
use keyspace::{
    HashLimits, HashValue, ListEnd, ListLimits, ListValue, ModuleType, ModuleTypeRef, ModuleValue,
    SetLimits, SetValue, Value, ZsetLimits, ZsetValue,
};
use rdb::{
    Checksum, Dumped, Item, KeyMeta, LoadOptions, Reader, SaveOptions, VERSION_REDIS_7_0, Writer,
    Written, dump, dump_body,
};

pub(crate) struct Pair;

impl ModuleType for Pair {
    fn name(&self) -> &str {
        "pair-type"
    }

    fn id(&self) -> u64 {
        0x8186_7a5e_d97b_2c01
    }

    fn free(&self, _value: usize) {}

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn text(len: usize) -> ByteString {
    let words: Vec<u8> = b"the quick brown fox ".iter().copied().cycle().take(len).collect();
    ByteString::from(words)
}

fn noise(len: usize) -> ByteString {
    let mut rng = fastrand::Rng::with_seed(len as u64);
    ByteString::from((0..len).map(|_| rng.u8(..)).collect::<Vec<u8>>())
}

pub(crate) fn strings() -> Vec<ByteString> {
    let mut strings: Vec<ByteString> = [
        "",
        "0",
        "-1",
        "127",
        "128",
        "-129",
        "32767",
        "-32769",
        "2147483647",
        "-2147483649",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "01",
        "-0",
        "1.5",
    ]
    .map(ByteString::from)
    .into();
    for len in [1, 20, 21, 22, 63, 64, 16_383, 16_384, 65_535, 65_536, 65_537, 3_000_000] {
        strings.extend([text(len), noise(len)]);
    }
    strings
}

pub(crate) fn hash(fields: usize, value_len: usize) -> Value {
    let mut hash = HashValue::new();
    for number in 0..fields {
        let name = ByteString::from(format!("field:{number}").as_str());
        let value = if number % 3 == 0 {
            ByteString::from_i64((number as i64 - 20).pow(5))
        } else {
            text(value_len)
        };
        assert!(hash.set(&name, &value, HashLimits::default()));
    }
    Value::Hash(hash)
}

/// All that a value holds, in an order that does not depend on its form.
pub(crate) fn contents(value: &Value) -> BTreeMap<Vec<u8>, Vec<u8>> {
    match value {
        Value::String(string) => {
            [(Vec::new(), string.to_byte_string().to_vec())].into_iter().collect()
        }
        Value::Hash(hash) => hash
            .iter()
            .map(|(name, value)| (name.to_cow().into_owned(), value.to_cow().into_owned()))
            .collect(),
        Value::List(list) => {
            let elements = list.iter().enumerate();
            let place = |at: usize| format!("{at:09}").into_bytes();
            elements.map(|(at, element)| (place(at), element.to_cow().into_owned())).collect()
        }
        Value::Set(set) => {
            set.iter().map(|member| (member.to_cow().into_owned(), Vec::new())).collect()
        }
        Value::Zset(zset) => zset
            .iter()
            .map(|(member, score)| {
                (member.to_cow().into_owned(), score.to_bits().to_be_bytes().into())
            })
            .collect(),
        Value::Module(_) => panic!("no module values here"),
    }
}

fn zset(members: usize, len: usize) -> Value {
    let mut zset = ZsetValue::new();
    for number in 0..members {
        let member = format!("{number:0len$}");
        let score = match number % 4 {
            0 => number as f64,
            1 => 1.0 / number as f64,
            2 => f64::INFINITY,
            _ => -1e300 * number as f64,
        };
        zset.set(member.as_bytes(), score, ZsetLimits::default());
    }
    Value::Zset(zset)
}

fn list(elements: usize, len: usize) -> Value {
    let mut list = ListValue::new();
    for number in 0..elements {
        let element =
            if number % 2 == 0 { ByteString::from_i64(number as i64 - 9) } else { text(len) };
        list.push(ListEnd::Back, &element, ListLimits::default());
    }
    Value::List(list)
}

fn set(integers: i64, texts: usize, len: usize) -> Value {
    let mut set = SetValue::new();
    let texts = (0..texts).map(|number| format!("{number:0len$}x"));
    for member in (0..integers).map(|number| (number * 99_991).to_string()).chain(texts) {
        assert!(set.insert(member.as_bytes(), SetLimits::default()));
    }
    Value::Set(set)
}

fn values() -> Vec<Value> {
    let mut values: Vec<Value> = strings().into_iter().map(Value::string).collect();
    values.extend([
        hash(1, 1),
        hash(100, 30),
        hash(512, 64),
        hash(513, 5),
        hash(5, 65),
        hash(900, 99),
        list(1, 1),
        list(60, 20),
        list(900, 99),
        list(5, 9000),
        set(1, 0, 0),
        set(500, 0, 0),
        set(600, 0, 0),
        set(3, 4, 9),
        set(0, 200, 9),
        set(4, 4, 70),
        zset(1, 1),
        zset(120, 9),
        zset(900, 9),
        zset(9, 90),
    ]);
    values
}

pub(crate) fn file(values: &[Value], options: SaveOptions) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, options);
    writer.header().expect("a vector takes all");
    writer.aux(b"valkey-ver", b"8.0.0").expect("a vector takes all");
    writer.aux_integer(b"ctime", 1_800_000_000).expect("a vector takes all");
    writer.select_db(3).expect("a vector takes all");
    writer.resize_db(values.len() as u64, 1).expect("a vector takes all");
    for (number, value) in values.iter().enumerate() {
        let key = format!("key:{number}");
        let written =
            writer.entry(key.as_bytes(), meta(number), value).expect("a vector takes all");
        assert_eq!(written, Written::Whole);
    }
    writer.finish().expect("a vector takes all");
    bytes
}

fn meta(number: usize) -> KeyMeta {
    KeyMeta {
        expire_at_ms: number.is_multiple_of(2).then_some(1_800_000_000_000 + number as i64),
        idle_secs: number.is_multiple_of(3).then_some(number as u64 * 1000),
        freq: number.is_multiple_of(5).then_some(number as u8),
    }
}

#[test]
fn a_file_comes_back_whole() {
    let values = values();
    for compress in [false, true] {
        for checksum in [false, true] {
            for version in [rdb::VERSION, VERSION_REDIS_7_0] {
                let bytes = file(&values, SaveOptions { compress, checksum, version });
                let mut reader = Reader::new(&*bytes, LoadOptions::default()).expect("readable");
                assert_eq!(reader.version(), version);
                let mut seen = 0;
                loop {
                    match reader.next().expect("readable") {
                        Item::Aux { key, value } => match key.as_bytes() {
                            b"valkey-ver" => assert_eq!(value.as_bytes(), b"8.0.0"),
                            b"ctime" => assert_eq!(value.as_bytes(), b"1800000000"),
                            other => panic!("unexpected {other:?}"),
                        },
                        Item::SelectDb(db) => assert_eq!(db, 3),
                        Item::ResizeDb { keys, expires } => {
                            assert_eq!((keys, expires), (values.len() as u64, 1));
                        }
                        Item::Entry { key, meta: found, value } => {
                            assert_eq!(key.as_bytes(), format!("key:{seen}").as_bytes());
                            assert_eq!(found, meta(seen));
                            assert_eq!(contents(&value), contents(&values[seen]));
                            assert_eq!(value.encoding_name(), values[seen].encoding_name());
                            seen += 1;
                        }
                        Item::Eof { checksum: found } => {
                            let expected =
                                if checksum { Checksum::Verified } else { Checksum::Absent };
                            assert_eq!(found, expected);
                            break;
                        }
                        other => panic!("unexpected {other:?}"),
                    }
                }
                assert_eq!(seen, values.len());
                assert_eq!(reader.offset(), bytes.len() as u64);
            }
        }
    }
}

#[test]
fn a_dump_comes_back_whole() {
    for value in values() {
        let payload = dump(&value, SaveOptions::default(), |_| panic!("no module")).expect("dumps");
        let body = dump_body(&payload).expect("version and checksum are right");
        let Dumped::Value(back) =
            Reader::of_dump(body, LoadOptions::default()).dumped().expect("loads")
        else {
            panic!("no module value was dumped");
        };
        assert_eq!(contents(&back), contents(&value));
    }
}

#[test]
fn a_module_payload_comes_back_item_by_item() {
    let module_type = ModuleTypeRef::new(Pair);
    let value = Value::Module(ModuleValue::new(module_type.clone(), 0x1000));
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, SaveOptions::default());
    writer.header().expect("a vector takes all");
    writer.module_aux(7, 1, true).expect("a vector takes all");
    writer.end_module().expect("a vector takes all");
    writer.module_aux(8, 1, true).expect("a vector takes all");
    writer.module_writer().save_signed(-5);
    writer.end_module().expect("a vector takes all");
    writer.module_aux(9, 2, false).expect("a vector takes all");
    writer.end_module().expect("a vector takes all");
    for _ in 0..3 {
        let written = writer.entry(b"key", KeyMeta::default(), &value).expect("a vector takes all");
        assert_eq!(written, Written::UpToModulePayload);
        let mut items = writer.module_writer();
        items.save_unsigned(u64::MAX);
        items.save_signed(i64::MIN);
        items.save_float(1.25);
        items.save_double(-0.1);
        items.save_string(&text(100_000));
        items.save_string(b"");
        writer.end_module().expect("a vector takes all");
    }
    writer.finish().expect("a vector takes all");

    let mut reader = Reader::new(&*bytes, LoadOptions::default()).expect("readable");
    let Ok(Item::ModuleAux { type_id: 8, when: 1 }) = reader.next() else { panic!("aux 8") };
    assert_eq!(reader.module_reader().load_signed(), Some(-5));
    reader.end_module().expect("all taken");
    let Ok(Item::ModuleAux { type_id: 9, when: 2 }) = reader.next() else { panic!("aux 9") };
    reader.end_module().expect("nothing in it");

    // Read in full.
    let Ok(Item::ModuleEntry { type_id, .. }) = reader.next() else { panic!("a module value") };
    assert_eq!(type_id, module_type.id());
    let mut items = reader.module_reader();
    assert_eq!(items.load_unsigned(), Some(u64::MAX));
    assert_eq!(items.load_signed(), Some(i64::MIN));
    assert_eq!(items.load_float(), Some(1.25));
    assert_eq!(items.load_double(), Some(-0.1));
    assert_eq!(items.load_string(), Some(text(100_000)));
    assert_eq!(items.load_string(), Some(ByteString::new()));
    reader.end_module().expect("all taken");

    // Left alone: the reader skips it.
    let Ok(Item::ModuleEntry { .. }) = reader.next() else { panic!("a module value") };

    // Read wrongly: the error sticks, and comes out at the end.
    let Ok(Item::ModuleEntry { .. }) = reader.next() else { panic!("a module value") };
    let mut items = reader.module_reader();
    assert_eq!(items.load_string(), None);
    assert_eq!(items.load_unsigned(), None);
    assert!(items.has_failed());
    assert!(reader.end_module().is_err());
}

#[test]
fn an_unfinished_module_payload_is_an_error() {
    let value = Value::Module(ModuleValue::new(ModuleTypeRef::new(Pair), 0));
    let payload = dump(&value, SaveOptions::default(), |items| {
        items.save_unsigned(1);
        items.save_unsigned(2);
    })
    .expect("dumps");
    let body = dump_body(&payload).expect("version and checksum are right");
    let mut reader = Reader::of_dump(body, LoadOptions::default());
    let Ok(Dumped::Module { .. }) = reader.dumped() else { panic!("a module value") };
    assert_eq!(reader.module_reader().load_unsigned(), Some(1));
    assert!(reader.end_module().is_err());
}

#[test]
fn what_follows_the_end_is_left_for_the_caller() {
    use std::io::Read;
    let mut bytes = file(&[Value::string("a".into())], SaveOptions::default());
    bytes.extend_from_slice(b"*1\r\n$4\r\nPING\r\n");
    let mut reader = Reader::new(&*bytes, LoadOptions::default()).expect("readable");
    while !matches!(reader.next().expect("readable"), Item::Eof { .. }) {}
    let mut rest = Vec::new();
    reader.into_rest().read_to_end(&mut rest).expect("a slice");
    assert_eq!(rest, b"*1\r\n$4\r\nPING\r\n");
}
