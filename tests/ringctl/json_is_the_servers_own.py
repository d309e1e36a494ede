"""With --json, before the command or behind it, standard output is what the server said, byte for byte; a refusal as well."""

import json

from asking import StandIn, TemporaryFolder, check, equal, main, ringctl
from asking.stand_in import event_of, upstream_page

# odd spacing and an unknown member: nothing is read and written again
ODD = b'{ "generation":7,  "changed":[],"unheard_of":{"a":[1,2.50,"\\u00e9"]}}\n'
PAGES = {
    ("status",): "GET /status",
    ("pools",): "GET /pools",
    ("upstreams",): "GET /upstreams",
    ("shards",): "GET /shards",
    ("breakers",): "GET /breakers",
    ("config", "show"): "GET /config",
    ("config", "pending"): "GET /config/pending",
    ("route", "explain", "http://h/x"): "GET /routes/explain",
    ("reload",): "POST /reload",
    ("confirm",): "POST /config/confirm",
    ("revert",): "POST /config/revert",
    ("upgrade",): "POST /upgrade",
    ("drain", "--all"): "POST /drain",
    ("apply", "FILE"): "POST /config/apply",
    ("events",): None,
}


def test():
    events = [event_of(1), event_of(2)]
    with StandIn({page: ODD for page in PAGES.values() if page}, events) as server, TemporaryFolder() as folder:
        file = folder.file("new.toml", "")
        for words, page in PAGES.items():
            words = [file if word == "FILE" else word for word in words]
            wanted = ODD.decode() if page else json.dumps(events) + "\n"
            for order in (["--json", *words], [*words, "--json"]):
                done = ringctl(*order, admin=server)
                equal((done.status, done.out, done.err), (0, wanted, ""), f"{order}")
        refusal = b'{"error":{"code":"x","message":"no","more":1}}\n'
        server.pages["POST /reload"] = (422, refusal)
        done = ringctl("reload", "--json", admin=server)
        equal((done.status, done.out, done.err), (1, refusal.decode(), "ringctl: no\n"), "a refusal")

        server.pages["GET /upstreams"] = [upstream_page("a", "x"), upstream_page("b", "y", extra=[1])]
        server.pages["GET /pools"] = [{"name": "a"}, {"name": "b"}]
        of_one = ringctl("upstreams", "b", "--json", admin=server)
        equal(json.loads(of_one.out), [upstream_page("b", "y", extra=[1])], "of one pool")

        once = json.loads(ringctl("top", "--once", "--json", admin=server).out)
        equal(set(once), {"status", "shards", "pools", "upstreams"}, "top")
        equal(once["status"], json.loads(ODD), "a page of top")

    nobody = ringctl("status", "--json", admin="127.0.0.1:1")
    equal(json.loads(nobody.out)["error"]["code"], "no_connection", f"{nobody}")
    mistake = json.loads(ringctl("drain", "--json", admin="127.0.0.1:1").out)
    equal(mistake["error"]["code"], "wrong_usage", "a mistake")

    with TemporaryFolder() as folder:
        bad = folder.file("bad.toml", "[proces]\n")
        done = ringctl("check", bad, "--json")
        said = json.loads(done.out)
        equal((done.status, said["ok"], said["file"]), (1, False, bad), f"check: {done}")
        check(any("proces" in error["message"] and error["line"] == 1 for error in said["errors"]), f"{said}")


if __name__ == "__main__":
    main(test)
