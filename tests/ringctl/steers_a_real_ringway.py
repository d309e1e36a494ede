"""Every command that changes an upstream, against a real ringway with a token: what it does to the traffic, and what is refused
without the token."""

import threading

from asking import Origin, Steered, check, equal, eventually, main, pool, response, ringctl


class Named(Origin):
    """Answers with its name; a request of /slow when the test lets it."""

    def __init__(self, name):
        self.gate = threading.Event()
        super().__init__(self.reply, name=name)

    def reply(self, request):
        if request.target == "/slow":
            self.gate.wait(30)
        return response(200, self.name.encode())


def served(ringway, count=20):
    """Who answers so many requests."""
    found = {}
    for _ in range(count):
        name = ringway.get("/").body.decode()
        found[name] = found.get(name, 0) + 1
    return found


def serve(steered, wanted, what):
    eventually(lambda: set(served(steered.ringway)) == wanted, what)


def states(steered):
    done = steered.does("drain", "a")
    check(done.out.startswith("main/a: draining"), f"{done}")
    serve(steered, {"b"}, "none for a")
    check(steered.does("ready", "a").out.startswith("main/a: healthy"), "ready")
    serve(steered, {"a", "b"}, "both again")
    check("maintenance" in steered.does("maintenance", "main/b").out, "maintenance")
    serve(steered, {"a"}, "none for b")
    steered.does("ready", "b")
    serve(steered, {"a", "b"}, "both again")


def weights(steered):
    done = steered.does("weight", "a", 9)
    check("weight 9 by hand" in done.out, f"{done}")
    eventually(lambda: served(steered.ringway, 40).get("a", 0) >= 30, "most go to a")
    done = steered.does("weight", "a", "default")
    check("weight 1, " in done.out, f"{done}")
    for told in ("9", "that of the configuration"):
        line = f"  weight_set  main/a  (by_hand) asked through the admin API: {told}"
        eventually(lambda: any(one.endswith(line) for one in steered.does("events").lines()), line)


def breakers(steered):
    done = steered.does("breaker", "open", "b")
    check("breaker open" in done.out, f"{done}")
    serve(steered, {"a"}, "none for b")
    check("main/b" in steered.does("breakers").out, "it is listed")
    check("breaker closed" in steered.does("breaker", "close", "b").out, "closed")
    serve(steered, {"a", "b"}, "both again")
    steered.does("breaker", "reset", "b")


def a_drain_that_waits(steered, a, b):
    steered.does("maintenance", "b")
    serve(steered, {"a"}, "all for a")
    steered.does("ready", "b")
    steered.does("maintenance", "b")
    replies = []
    slow = threading.Thread(target=lambda: replies.append(steered.ringway.get("/slow").body))
    slow.start()
    eventually(lambda: steered.ringway.upstream("a")["in_flight"] == 1, "a request is in flight")
    steered.does("ready", "b")
    short = steered.does("drain", "a", "--wait=300ms", status=1)
    check("goes on draining, with 1 request still in flight" in short.err, f"{short}")
    with steered.running("drain", "a", "--wait") as run:
        eventually(lambda: run.err, "progress")
        serve(steered, {"b"}, "new ones go elsewhere meanwhile")
        equal(run.process.poll(), None, "it waits")
        a.gate.set()
        equal(run.finish(), 0, f"exit status: {run.err}")
        equal(run.out, ["main/a: drained, nothing in flight"], "its last word")
    slow.join(10)
    equal(replies, [b"a"], "the request that was in flight was answered")
    steered.does("ready", "a")
    check(b.name == "b", "its name")


def events_tell_of_it(steered):
    with steered.running("events", "-f", "--limit", 1) as run:
        eventually(lambda: run.out, "the last event")
        steered.does("drain", "a")
        eventually(lambda: any("  draining  main/a" in line for line in run.out), f"the drain is told: {run.out}")
        steered.does("ready", "a")


def nobody_without_the_token(steered):
    where = steered.words[:2]
    missing = ringctl(*where, "drain", "a")
    check(missing.status == 1 and "--token-file FILE" in missing.err, f"{missing}")
    wrong = ringctl(*where, "--token-file", steered.folder.file("wrong", "wrong\n"), "drain", "a")
    check(wrong.status == 1 and "is not the server's" in wrong.err, f"{wrong}")
    equal(steered.ringway.upstream("a")["state"], "healthy", "nothing has happened")


def the_whole_process(steered):
    with steered.running("drain", "--all", "--wait") as run:
        equal(run.finish(30), 0, f"exit status: {run.err}")
        equal(run.out, ["drained: the process has ended"], "its last word")
    equal(steered.ringway.wait_end(10), 0, "ringway's exit status")


def test():
    with Named("a") as a, Named("b") as b:
        body = '[[route]]\npool = "main"\n' + pool("main", a, b, extra='balance = "round_robin"\n')
        with Steered(body) as steered:
            states(steered)
            weights(steered)
            breakers(steered)
            a_drain_that_waits(steered, a, b)
            events_tell_of_it(steered)
            nobody_without_the_token(steered)
            the_whole_process(steered)


if __name__ == "__main__":
    main(test)
