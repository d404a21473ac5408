"""Drives a server with redis-py as an application would: r.json(), pipelines, pub/sub, both protocols.

usage: drive.py PORT
Prints a line for every check that fails, and at last how many passed.
"""

import sys
import warnings

import redis
from redis.commands.json.path import Path

# Commands that RedisJSON still has are called on purpose.
warnings.simplefilter("ignore", DeprecationWarning)
port = int(sys.argv[1])
passed = 0
failed = 0


def check(name, found, wanted):
    global passed, failed
    if found == wanted:
        passed += 1
    else:
        failed += 1
        print(f"{name}: {found!r} instead of {wanted!r}")


def documents(r):
    j = r.json()
    order = {"id": 7, "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2.5}], "paid": False, "note": "é\n"}
    check("set", j.set("order", "$", order), True)
    check("get", j.get("order"), order)
    check("get $", j.get("order", "$"), [order])
    check("get ..", j.get("order", "$..sku"), ["a", "b"])
    check("get two", j.get("order", "$.id", "$.paid"), {"$.id": [7], "$.paid": [False]})
    check("get legacy", j.get("order", Path(".lines[0].sku")), "a")
    check("get filter", j.get("order", "$.lines[?(@.n>1)].sku"), ["b"])
    check("numincrby", j.numincrby("order", "$.id", 3), [10])
    check("toggle", j.toggle("order", "$.paid"), [1])
    check("arrappend", j.arrappend("order", "$.lines", {"sku": "c"}), [3])
    check("arrlen", j.arrlen("order", "$.lines"), [3])
    check("arrindex", j.arrindex("order", "$.lines", {"sku": "c"}), [2])
    check("arrinsert", j.arrinsert("order", "$.lines", 0, 1, 2), [5])
    check("arrpop", j.arrpop("order", "$.lines", 0), ["1"])
    check("arrtrim", j.arrtrim("order", "$.lines", 1, 2), [2])
    check("strappend", j.strappend("order", "more", "$.note"), [7])
    check("strlen", j.strlen("order", "$.note"), [7])
    check("objlen", j.objlen("order", "$"), [4])
    check("objkeys", j.objkeys("order", "$"), [["id", "lines", "paid", "note"]])
    check("nx", j.set("order", "$", 1, nx=True), None)
    check("xx", j.set("nothing", "$", 1, xx=True), None)
    check("mset", j.mset([("m1", "$", {"v": 1}), ("m2", "$", {"v": 2})]), True)
    check("mget", j.mget(["m1", "m2", "m3"], "$.v"), [[1], [2], None])
    check("merge", j.merge("m1", "$", {"v": None, "w": 3}), True)
    check("merged", j.get("m1"), {"w": 3})
    check("clear", j.clear("order", "$.lines"), 1)
    check("delete", j.delete("order", "$.lines"), 1)
    check("forget", j.forget("order"), 1)
    check("gone", j.get("order"), None)
    try:
        j.set("new", "$.a.b", 1)
        check("root", "no error", "an error")
    except redis.ResponseError as e:
        check("root", str(e), "new objects must be created at the root")


def fails(name, call, wanted):
    """The call raises a ResponseError whose text contains `wanted`."""
    try:
        check(name, call(), f"an error: {wanted}")
    except redis.ResponseError as e:
        check(name, wanted in str(e) or str(e), True)


def either(protocol, two, three):
    """What is expected in RESP2, or in RESP3."""
    return two if protocol == 2 else three


def whole_documents(r, protocol):
    j = r.json()
    root = Path.root_path()
    check("string", [j.set("s", root, "bar"), j.get("s"), j.get("s", "$")], [True, "bar", ["bar"]])
    check("missing", [j.get("none"), j.get("none", "$.a")], [None, None])
    check("unicode", [j.set("u", root, "hyvää-élève"), j.get("u", no_escape=True)], [True, "hyvää-élève"])
    for value in (True, 0, -1.5, "", [], {}, [[]], {"": {"a b": [None]}}, 2**53 + 1):
        check(f"{value!r}", [j.set("v", "$", value), j.get("v"), j.get("v", "$")], [True, value, [value]])
    j.set("o", root, {"foo": "bar"})
    check("nx exists", j.set("o", Path("foo"), "baz", nx=True), None)
    check("xx missing", j.set("o", Path("qaz"), "baz", xx=True), None)
    check("xx exists", j.set("o", Path("foo"), "baz", xx=True), True)
    check("nx missing", j.set("o", Path("qaz"), "baz", nx=True), True)
    check("both paths", j.get("o", Path("foo"), Path("qaz")), {"foo": "baz", "qaz": "baz"})
    check("legacy and $", j.get("o", ".foo", "$.qaz"), {".foo": ["baz"], "$.qaz": ["baz"]})
    fails("path missing", lambda: j.get("o", ".nothing"), "Path does not exist")
    check("$ missing", j.get("o", "$.nothing"), [])
    j.set("1", root, {"a": 1, "n": {"a": 3}, "c": None, "m": {"a": None}})
    j.set("2", root, {"a": 4, "n": {"a": 6}, "m": {"a": [None]}})
    check("mget legacy", j.mget(["1"], ".a"), [1])
    check("mget", j.mget(["1", "2", "3"], "$..a"), [[1, 3, None], [4, 6, [None]], None])
    check("mget .", j.mget(["2", "3"], ".n"), [{"a": 6}, None])
    check("mset", j.mset([("1", "$.a", 7), ("4", "$", {"b": 8})]), True)
    check("mset did", j.mget(["1", "4"], "$"), [[{"a": 7, "n": {"a": 3}, "c": None, "m": {"a": None}}], [{"b": 8}]])
    check("merge new", j.merge("5", "$", {"a": {"b": 2}}), True)
    check("merge", [j.merge("5", "$", {"a": {"b": None, "c": [1]}}), j.get("5")], [True, {"a": {"c": [1]}}])
    check("merge member", [j.merge("5", "$.x", {"y": 1}), j.get("5")], [True, {"a": {"c": [1]}, "x": {"y": 1}}])
    check("clear", [j.set("c", "$", {"a": {"b": 1}, "s": "x", "n": 5, "e": []}), j.clear("c", "$.*")], [True, 2])
    check("cleared", j.get("c"), {"a": {}, "s": "x", "n": 0, "e": []})
    check("clear root", [j.clear("c"), j.get("c", "$")], [1, [{}]])
    fails("clear missing", lambda: j.clear("none", "$..a"), "doesn't exist")
    j.set("d", "$", {"a": 1, "nested": {"a": 2, "b": 3}})
    check("delete", [j.delete("d", "$..a"), j.get("d", "$")], [2, [{"nested": {"b": 3}}]])
    j.set("d", "$", {"a": {"a": 2, "b": 3}, "b": ["a"], "nested": {"b": [True]}})
    check("delete outer", [j.delete("d", "$..a"), j.get("d", "$")], [1, [{"b": ["a"], "nested": {"b": [True]}}]])
    check("delete missing", [j.delete("d", "$..x"), j.forget("none", "..a"), j.forget("d"), j.get("d")], [0, 0, 1, None])
    kinds = {"object": {}, "array": [], "string": "s", "integer": 42, "number": 1.2, "boolean": False, "null": None}
    j.set("k", "$", {str(at): {"a": value} for at, value in enumerate(kinds.values())})
    check("type $", j.type("k", "$..a"), either(protocol, list(kinds), [list(kinds)]))
    check("type .", j.type("k", ".1.a"), either(protocol, "array", ["array"]))
    check("type missing", j.type("none", "$..a"), either(protocol, None, [None]))
    check("debug", [j.debug("MEMORY", "none", "$..a"), isinstance(j.debug("HELP"), list)], [[], True])
    check("debug memory", [j.debug("MEMORY", "k") > 0, j.debug("MEMORY", "k", "$.*") != []], [True, True])


def numbers(r, protocol):
    j = r.json()
    j.set("n", "$", {"a": "b", "b": [{"a": 2}, {"a": 5.0}, {"a": "c"}]})
    check("incr", j.numincrby("n", "$..a", 2), [None, 4, 7.0, None])
    check("incr float", j.numincrby("n", "$..a", 2.5), [None, 6.5, 9.5, None])
    check("incr one", j.numincrby("n", "$.b[1].a", 2), [11.5])
    check("incr string", j.numincrby("n", "$.b[2].a", 2), [None])
    check("incr none", j.numincrby("n", "$.nothing", 2), [])
    check("mult", j.nummultby("n", "$.b[1].a", 2), [23.0])
    check("incr legacy", j.numincrby("n", ".b[0].a", 3.5), either(protocol, 10, [10]))
    check("mult legacy", j.nummultby("n", ".b[0].a", 3), either(protocol, 30, [30]))
    check("powby", r.execute_command("JSON.NUMPOWBY", "n", "$.b[0].a", 2), either(protocol, "[900.0]", [900]))
    fails("incr missing key", lambda: j.numincrby("none", "$..a", 2), "doesn't exist")
    fails("incr no number", lambda: j.numincrby("n", ".a", 2), "does not contains a number")
    fails("overflow", lambda: [j.set("n", "$", 2**64 - 1), j.numincrby("n", "$", 1)], "numeric overflow")
    check("kept", j.get("n"), 2**64 - 1)


def strings(r, protocol):
    j = r.json()
    j.set("s", "$", {"a": "foo", "x": {"a": "hello"}, "y": {"a": 31}})
    check("strlen", j.strlen("s", "$..a"), [3, 5, None])
    check("strappend", j.strappend("s", "bar", "$..a"), [6, 8, None])
    check("strappend one", j.strappend("s", "baz", "$.x.a"), [11])
    check("strappend legacy", j.strappend("s", "!", ".*.a"), 12)
    check("appended", j.get("s"), {"a": "foobar", "x": {"a": "hellobarbaz!"}, "y": {"a": 31}})
    fails("strappend object", lambda: j.strappend("s", "x"), "not a string")
    fails("strappend missing", lambda: j.strappend("none", "x", "$..a"), "doesn't exist")
    fails("strlen missing", lambda: j.strlen("none", "$..a"), "doesn't exist")
    check("strlen none", j.strlen("none"), None)
    j.set("t", "$", {"a": ["foo"], "x": {"a": False}, "y": {"a": 31}, "z": {"a": True}})
    check("toggle", j.toggle("t", "$..a"), [None, 1, None, 0])
    check("toggle legacy", [j.toggle("t", ".x.a"), j.toggle("t", ".x.a")], [False, True])
    fails("toggle no bool", lambda: j.toggle("t", ".y.a"), "not a bool")
    fails("toggle missing", lambda: j.toggle("none", "$..a"), "doesn't exist")


def arrays(r, protocol):
    j = r.json()
    nested = {"a": ["foo"], "x": {"a": ["hello", None, "world"]}, "y": {"a": 31}}
    j.set("a", "$", nested)
    check("append", j.arrappend("a", "$..a", "bar", "racuda"), [3, 5, None])
    check("append legacy", j.arrappend("a", "..a", 1), 6)
    check("insert", j.arrinsert("a", "$..a", 1, 8, [9]), [6, 8, None])
    check("insert back", j.arrinsert("a", "$.x.a", -2, "baz"), [9])
    check("inserted", j.get("a"), {"a": ["foo", 8, [9], "bar", "racuda", 1],
                                   "x": {"a": ["hello", 8, [9], None, "world", "bar", "baz", "racuda", 1]}, "y": {"a": 31}})
    check("len", [j.arrlen("a", "$..a"), j.arrlen("a", ".x.a"), j.arrlen("none", "..a")], [[6, 9, None], 9, None])
    fails("out of bounds", lambda: j.arrinsert("a", "$.a", 7, 1), "index out of bounds")
    fails("append missing", lambda: j.arrappend("none", "$..a", 1), "doesn't exist")
    fails("len object", lambda: j.arrlen("a"), "expected array")
    j.set("a", "$", nested)
    check("pop", [j.arrpop("a", "$..a", 1), j.get("a", "$.*.a", "$.a")],
          [['"foo"', None, None], {"$.*.a": [["hello", "world"], 31], "$.a": [[]]}])
    j.set("a", "$", [0, 1, 2, 3, 4])
    check("pop legacy", [j.arrpop("a", ".", 4), j.arrpop("a", ".", -1), j.arrpop("a"), j.arrpop("a", ".", 0)], [4, 3, 2, 0])
    check("pop far", [j.arrpop("a", ".", 99), j.arrpop("a"), j.get("a")], [1, None, []])
    for start, stop, wanted in [(1, 3, [1, 2, 3]), (-1, 3, []), (3, 99, [3, 4]), (9, 1, []), (9, 11, []), (-3, -2, [2, 3])]:
        j.set("a", "$", [0, 1, 2, 3, 4])
        check(f"trim {start} {stop}", [j.arrtrim("a", "$", start, stop), j.get("a")], [[len(wanted)], wanted])
    j.set("a", "$", nested)
    check("trim", j.arrtrim("a", "$..a", 1, -1), [0, 2, None])
    check("trim legacy", j.arrtrim("a", ".x.a", 1, 1), 1)
    j.set("i", "$", [{"arr": [0, 1, 3.0, 3, 2, 1, 0, 3]}, {"x": {"arr": [5, 4, 3, 2, 1, 0, 1, 2, 3.0, 2]}}, {"arr": "3"}, {"arr": []}])
    check("index", j.arrindex("i", "$..arr", 3), [3, 2, None, -1])
    check("index float", j.arrindex("i", "$..arr", 3.0), [2, 8, None, -1])
    check("index from", j.arrindex("i", "$..arr", 3, 4), [7, -1, None, -1])
    check("index from the end", j.arrindex("i", "$..arr", 1, -4), [5, 6, None, -1])
    check("index to", j.arrindex("i", "$..arr", 3, 4, 7), [-1, -1, None, -1])
    check("index to the end", j.arrindex("i", "$..arr", 3, 4, -1), [-1, -1, None, -1])
    check("index to 0", j.arrindex("i", "$..arr", 3, 4, 0), [7, -1, None, -1])
    check("index legacy", [j.arrindex("i", ".[0].arr", 3), j.arrindex("i", ".[0].arr", 9)], [3, -1])
    check("index container", j.arrindex("i", "$", {"arr": []}), [3])
    fails("index no path", lambda: j.arrindex("i", ".[0].nothing", 3), "Path does not exist")
    fails("index no array", lambda: j.arrindex("i", ".[2].arr", 3), "expected array")


def objects(r, protocol):
    j = r.json()
    j.set("o", "$", {"x": {"a": {"foo": 10, "bar": 20}}, "a": ["foo"], "y": {"a": {"baz": 50}}})
    check("keys", j.objkeys("o", "$.x.a"), [["foo", "bar"]])
    # In the order of RFC 9535: what is in an object before what is deeper.
    check("keys of all", j.objkeys("o", "$..a"), [None, ["foo", "bar"], ["baz"]])
    check("keys legacy", [j.objkeys("o", ".*.a"), j.objkeys("o", ".y.a"), j.objkeys("none", "..a")], [["foo", "bar"], ["baz"], None])
    check("keys of nothing", j.objkeys("o", "$.nowhere"), [])
    check("len", j.objlen("o", "$..a"), [None, 2, 1])
    check("len legacy", [j.objlen("o", ".*.a"), j.objlen("o", ".y.a"), j.objlen("none", "..a"), j.objlen("o")], [2, 1, None, 3])
    check("len of nothing", [j.objlen("o", "$.nowhere"), j.objlen("o", ".nowhere")], [[], None])
    fails("len missing key", lambda: j.objlen("none", "$"), "doesn't exist")
    fails("keys of an array", lambda: j.objkeys("o", ".a"), "expected object")
    j.set("r", "$", {"a": {"b": 10, "c": False, "d": {"e": None, "f": ["x", -19.5, {"g": True}]}}})
    half = either(protocol, "-19.5", -19.5)
    resp = ["{", "b", 10, "c", "false", "d", ["{", "e", None, "f", ["[", "x", half, ["{", "g", "true"]]]]
    check("resp", [j.resp("r", "$.a"), j.resp("r", ".a"), j.resp("r", "$.nowhere")], [[resp], resp, []])
    check("resp scalars", [j.resp("r", ".a.b"), j.resp("r", ".a.c"), j.resp("none", "$")], [10, False, None])
    fails("resp of nothing", lambda: j.resp("r", ".nowhere"), "Path does not exist")


def strings_and_hashes(r):
    check("set", r.set("k", "v", ex=100), True)
    check("ttl", r.ttl("k") in (99, 100), True)
    check("get", r.get("k"), "v")
    check("getex", r.getex("k", persist=True), "v")
    check("hset", r.hset("h", mapping={"a": 1, "b": "two"}), 2)
    check("hgetall", r.hgetall("h"), {"a": "1", "b": "two"})
    check("hincrby", r.hincrby("h", "a", 4), 5)
    check("hscan", dict(r.hscan_iter("h")), {"a": "5", "b": "two"})
    r.mset({f"s:{i}": i for i in range(500)})
    check("scan", sorted(r.scan_iter("s:*")), sorted(f"s:{i}" for i in range(500)))
    with r.pipeline() as pipe:
        pipe.incr("n").incr("n").json().set("p", "$", [1]).json().get("p")
        check("pipeline", pipe.execute(), [1, 2, True, [1]])


def publish(r):
    listener = r.pubsub()
    listener.subscribe("news")
    check("subscribed", listener.get_message(timeout=5)["type"], "subscribe")
    check("publish", r.publish("news", "hello"), 1)
    check("message", listener.get_message(timeout=5)["data"], "hello")
    listener.close()


def server(r):
    check("ping", r.ping(), True)
    check("info", r.info("keyspace")["db0"]["keys"] > 0, True)
    check("type", r.type("p"), "ReJSON-RL")
    # Newer hosts list modules of their own beside it.
    check("module", sum(str(m.get("name", m.get(b"name"))).lower() in ("json", "rejson") for m in r.module_list()), 1)
    check("config", r.config_get("maxmemory"), {"maxmemory": "0"})
    check("client", r.client_setname("drive") and r.client_getname(), "drive")
    r.save()
    check("dbsize", r.dbsize() > 500, True)


for protocol in (2, 3):
    r = redis.Redis(port=port, protocol=protocol, decode_responses=True)
    r.flushall()
    documents(r)
    for commands in (whole_documents, numbers, strings, arrays, objects):
        r.flushall()
        commands(r, protocol)
    strings_and_hashes(r)
    publish(r)
    server(r)

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
