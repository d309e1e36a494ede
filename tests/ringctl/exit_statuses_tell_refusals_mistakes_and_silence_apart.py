"""0: done; 1: the server refused, and its words are shown; 2: what was asked for cannot be asked; 3: nobody was there, and what
to try is said."""

import socket

from asking import StandIn, TemporaryFolder, check, equal, free_port, main, ringctl
from asking.stand_in import upstream_page

MISTAKES = {
    (): "no command is given; `ringctl --help` lists them",
    ("statsu",): "no command is named `statsu`, did you mean `status`? `ringctl --help` lists them",
    ("breaker", "opn", "a"): "no command is named `opn`, did you mean `open`? `ringctl breaker --help` lists them",
    ("events", "--follw"): "`--follw` is not expected, did you mean `--follow`? See `ringctl events --help`",
    ("status", "more"): "`more` is not expected. See `ringctl status --help`",
    ("events", "--limit", "x"): "`x` is no whole number",
    ("drain",): "drain what?",
    ("drain", "a", "--all"): "not both",
    ("drain", "a", "--wait=soon"): "`soon` is no duration",
    ("weight", "a", "1001"): "`1001` is no weight",
    ("weight", "a", "-1"): "-1",
    ("apply", "/nowhere/new.toml"): "/nowhere/new.toml cannot be opened",
    ("route", "explain", "ftp://host/"): "is no URL",
    ("route", "explain", "/", "-H", "nonsense"): "is no header",
    ("top", "--interval", "1ms"): "`1ms` is no duration from 100ms to 1h",
    ("status", "--color", "blue"): "none of auto, always, never",
    ("status", "--admin", "nowhere"): "`nowhere` is no address",
    ("status", "--token-file", "/nowhere"): "the token file /nowhere cannot be opened",
}


def mistakes(server):
    for words, said in MISTAKES.items():
        done = ringctl(*words, admin=None if "--admin" in words else server)
        equal(done.status, 2, f"{words}: {done}")
        check(said in done.err, f"{words}: {done}")
        equal((done.err.count("\n"), done.out), (1, ""), f"{words}: one line, on standard error: {done}")
        check(done.err.startswith("ringctl: "), f"{done}")
    equal(server.requests("POST") + server.requests("PUT"), [], "nothing was changed meanwhile")


def refusals(server):
    done = ringctl("reload", admin=server)
    equal(done.status, 1, f"{done}")
    equal(
        done.err,
        "ringctl: 2 errors in new.toml\nnew.toml:3:1: unknown key `lisen`\nnew.toml:9:4: bad value\n",
        "all that is wrong",
    )
    equal(ringctl("upgrade", admin=server).err, "ringctl: the new process exited with 1\n", "its words")
    missing = ringctl("confirm", admin=server)
    equal((missing.status, missing.err), (1, "ringctl: no /config/confirm\n"), "what it has not")
    unauthorized = ringctl("drain", "--all", admin=server)
    equal(unauthorized.status, 1, f"{unauthorized}")
    check("wrong token; give the token with --token-file FILE" in unauthorized.err, f"{unauthorized}")
    odd = ringctl("revert", admin=server)
    check(odd.status == 1 and "it answered 500: <html>" in odd.err, f"no JSON: {odd}")
    nonsense = ringctl("shards", admin=server)
    check(nonsense.status == 1 and "no JSON" in nonsense.err, f"no JSON: {nonsense}")


def silence():
    port = free_port()
    done = ringctl("status", admin=f"127.0.0.1:{port}")
    equal(done.status, 3, f"{done}")
    for part in (f"no connection to 127.0.0.1:{port}: Connection refused", "--admin ADDRESS", "is ringway running"):
        check(part in done.err, f"{part}: {done}")
    with TemporaryFolder() as folder:
        path = folder.file("admin.sock")
        done = ringctl("top", admin=f"unix:{path}")
        equal(done.status, 3, f"{done}")
        check(f"no connection to unix:{path}: No such file" in done.err, f"{done}")
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"

        def hang_up():
            peer, _ = other.accept()
            peer.recv(4096)
            peer.close()

        import threading

        thread = threading.Thread(target=hang_up)
        thread.start()
        done = ringctl("pools", admin=address)
        thread.join()
        equal(done.status, 3, f"ended before its answer: {done}")


def test():
    error = {"code": "invalid_config", "message": "2 errors in new.toml"}
    lines = ["new.toml:3:1: unknown key `lisen`", "new.toml:9:4: bad value"]
    pages = {
        "GET /upstreams": [upstream_page("api", "a")],
        "GET /shards": b"surprise",
        "POST /reload": (422, {"error": {**error, "errors": lines}}),
        "POST /upgrade": (500, {"error": {"code": "upgrade_failed", "message": "the new process exited with 1"}}),
        "POST /drain": (401, {"error": {"code": "unauthorized", "message": "wrong token"}}),
        "POST /config/revert": (500, b"<html>"),
    }
    with StandIn(pages) as server:
        mistakes(server)
        refusals(server)
        equal(ringctl("upstreams", admin=server).status, 0, "what is there")
    silence()


if __name__ == "__main__":
    main(test)
