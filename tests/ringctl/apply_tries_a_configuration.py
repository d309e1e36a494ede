"""ringctl apply, against a real ringway: what it applies serves at once and stays when it is confirmed; it goes by itself when
nobody confirms it, when too many requests fail with it, or by ringctl revert. A bad one changes nothing."""

import json

from asking import Load, Program, Steered, check, equal, eventually, forward_to, main


class Trials:
    """A ringway before two origins, of which the file on disk names the first."""

    def __init__(self, steered, a, b):
        self.steered = steered
        self.a = a
        self.b = b
        self.file = steered.folder.file("tried.toml")

    def write(self, origin):
        """Another configuration, beside the one that ringway was started with."""
        self.steered.folder.file("tried.toml", self.steered.changed((self.a.address, origin.address)))

    def serves(self, origin):
        return self.steered.ringway.get("/").get("X-Origin") == origin.name

    def pending(self):
        return self.steered.does("config", "pending").out


def confirmed(trials):
    steered = trials.steered
    trials.write(trials.b)
    done = steered.does("apply", trials.file, "--confirm", "60s")
    check(done.out.startswith("generation 2 is in use until 2"), f"{done}")
    check("unless `ringctl confirm` says that it stays" in done.out, f"{done}")
    check("  pool `main` has changed" in done.lines(), f"{done}")
    check(trials.serves(trials.b), "it serves at once")
    check(trials.pending().startswith("generation 2 is reverted at 2"), f"{trials.pending()}")
    again = steered.does("apply", trials.file, status=1)
    check("waits for its confirmation" in again.err, f"another one meanwhile: {again}")
    upgrade = steered.does("upgrade", status=1)
    check("confirm or revert it first" in upgrade.err, f"an upgrade meanwhile: {upgrade}")
    equal(steered.does("confirm").out, "generation 2 is in use; nothing has changed\n", "confirmed")
    check(trials.serves(trials.b), "it stays")
    equal(trials.pending(), "no configuration waits for its confirmation\n", "nothing is left to confirm")
    check("no configuration waits" in steered.does("confirm", status=1).err, "a second time")


def reverted(trials):
    steered = trials.steered
    trials.write(trials.a)
    steered.does("apply", "-", "--confirm", "60s", stdin=steered.changed())
    check(trials.serves(trials.a), "from standard input")
    done = steered.does("revert")
    check(done.out.startswith("generation 4 is in use:") and "pool `main` has changed" in done.out, f"{done}")
    check(trials.serves(trials.b), "as before")
    check("no configuration waits" in steered.does("revert", status=1).err, "a second time")


def left_alone(trials):
    trials.write(trials.a)
    trials.steered.does("apply", trials.file, "--confirm", "1s")
    eventually(lambda: trials.serves(trials.b), "nobody confirmed it", 10)
    eventually(lambda: trials.pending().startswith("no configuration"), "nothing is pending")
    check("no configuration waits" in trials.steered.does("confirm", status=1).err, "it is too late")


def aborted(trials):
    steered = trials.steered
    steered.does("apply", trials.file, "--confirm", "120s", "--abort-if", "errors>1%")
    check("abort_if" in steered.does("config", "pending", "--json").out, "its bound is shown")
    with Load(steered.ringway, clients=4) as load:
        eventually(lambda: len(load.answers) > 100, "requests that succeed")
        equal(load.failed(), [], "nothing fails yet")
        check(trials.serves(trials.a), "and so it stays")
        trials.a.control("mode=fail&status=500")
        eventually(lambda: trials.serves(trials.b), "too many requests failed", 20)
    check("requests failed since then" in steered.ringway.stderr(), "the log says why")
    equal(trials.pending(), "no configuration waits for its confirmation\n", "it is over")
    trials.a.control("mode=default")


def bad_ones(trials):
    steered = trials.steered
    generation = json.loads(steered.does("status", "--json").out)["generation"]
    path = steered.folder.file("bad.toml", "[listener]\nx = 1\n[proces]\n")
    done = steered.does("apply", path, status=1)
    equal(done.out, "", "nothing is in use that was not before")
    for place in (f"{path}:1:1: ", f"{path}:3:2: unknown key `proces`"):
        check(place in done.err, f"each error by the name of the file: {done}")
    done = steered.does("apply", "-", status=1, stdin="x =")
    check("standard input:1:" in done.err, f"{done}")
    for words, text in (
        (["--confirm", "10"], "--confirm"),
        (["--confirm", "1ms"], "1s to 24h"),
        (["--abort-if", "latency>1s"], "errors>1%"),
    ):
        done = steered.does("apply", trials.file, *words, status=None)
        check(done.status in (1, 2) and text in done.err, f"{words}: {done}")
    missing = steered.does("apply", trials.file + ".none", status=2)
    check("tried.toml.none" in missing.err, f"{missing}")
    equal(json.loads(steered.does("status", "--json").out)["generation"], generation, "the generation")
    check(trials.serves(trials.b), "as before")


def test():
    with Program("a") as a, Program("b") as b, Steered(forward_to(a.address)) as steered:
        trials = Trials(steered, a, b)
        check(trials.serves(a), "at the start")
        confirmed(trials)
        reverted(trials)
        left_alone(trials)
        aborted(trials)
        bad_ones(trials)
        steered.does("reload")
        check(trials.serves(a), "the file on disk was never touched")


if __name__ == "__main__":
    main(test)
