"""ringctl reload, against a real ringway: a good file is in force when it ends, and it says what is different; of a bad one it
says every error with its place, with exit status 1, and the configuration before goes on."""

import json
import os
import socket

from asking import Origin, Steered, check, equal, forward_to, main, response


def good_files(steered, a, b):
    done = steered.does("reload")
    equal((done.out, done.err), ("generation 2 is in use; nothing has changed\n", ""), "the same file")
    steered.rewrite((a.address, b.address), ("count = 1", "count = 2"))
    done = steered.does("reload")
    equal(done.err, "", "no complaint")
    lines = done.lines()
    equal(lines[0], "generation 3 is in use:", "its first line")
    check("  pool `main` has changed" in lines, f"what changed: {done}")
    equal([line for line in lines if "needs a restart" in line], ["  needs a restart: [shards]"], "what a reload cannot do")
    equal(steered.ringway.get("/").body, b"b", "it is in force")
    steered.rewrite()
    answer = json.loads(steered.does("reload", "--json").out)
    equal((answer["generation"], answer["needs_restart"]), (4, []), "as JSON")
    check(answer["changed"], "what changed, as JSON")
    equal(steered.ringway.get("/").body, b"a", "and back")


def bad_files(steered):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        clash = f'[[listener]]\nname = "clash"\naddress = "127.0.0.1:{taken.getsockname()[1]}"\n[[route]]'
        path = steered.ringway.config
        for pairs, words in (
            (
                [("[[route]]", "[[route]]\npool_ = 1"), ("graceful_timeout", "gracefultimeout")],
                [":3:1: unknown key `gracefultimeout`, did you mean", ":1: unknown key `pool_`"],
            ),
            ([("[[route]]", clash)], ["another program listens there"]),
            (None, [path, "No such file"]),
        ):
            if pairs is None:
                os.unlink(path)
            else:
                steered.rewrite(*pairs)
            done = steered.does("reload", status=1)
            equal(done.out, "", "nothing is in use that was not before")
            check(all(word in done.err for word in words), f"{words}: {done}")
            equal(steered.ringway.page("/status")["generation"], 4, "the generation")
            equal(steered.ringway.get("/").body, b"a", "as before")
            status = steered.does("status")
            check("generation 4 of " in status.out and "the last reload failed" in status.out, f"{status}")
    steered.rewrite()
    check("generation 5 is in use" in steered.does("reload").out, "a good one again")
    check("the last reload failed" not in steered.does("status").out, "and nothing is wrong any more")


def test():
    with Origin(lambda _: response(200, b"a"), name="a") as a, Origin(lambda _: response(200, b"b"), name="b") as b:
        with Steered(forward_to(a), shards="count = 1\n") as steered:
            good_files(steered, a, b)
            bad_files(steered)


if __name__ == "__main__":
    main(test)
