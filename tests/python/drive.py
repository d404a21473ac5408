"""Drives a server with redis-py as an application would: r.json(), pipelines, pub/sub, both protocols.

usage: drive.py PORT
Prints a line for every check that fails, and at last how many passed.
"""

import sys

import redis
from redis.commands.json.path import Path

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
    strings_and_hashes(r)
    publish(r)
    server(r)

print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
