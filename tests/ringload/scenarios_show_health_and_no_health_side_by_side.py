"""A killed origin costs errors without health and none with it, as the comparison of both and assertions show."""

from loading import SLOW, check, equal, main
from loading.scenarios import SHORT, Scenarios


def with_health_and_without():
    with Scenarios() as folder:
        folder.write("short.toml", SHORT)
        status, out, err = folder.run("kill.toml", "with_and_without_health.toml", "short.toml", "--json", "out.json",
                                      "--records", "out.csv")
        equal(status, 0, f"exit status; it said {err}")
        on, off = folder.json("out.with.json"), folder.json("out.without.json")
        for found in (on, off):
            equal(len(found["faults"]), 1, "faults")
            equal([mark["text"] for mark in found["marks"]], ["b kill", "b back"], "marks")
            fault = found["faults"][0]
            # a machine that stalls makes it late by a second
            check(1.5 <= fault["at_s"] < 1.5 + 1.2 * SLOW, f"it came at {fault['at_s']} s")
            check(2.5 <= fault["until_s"] < 2.5 + 1.2 * SLOW, f"it went at {fault['until_s']} s")
            check(50 < fault["requests"] < 500 * SLOW, f"{fault['requests']} requests met it, of 200 a second")
            equal(fault["errors_before"], 0, "errors before")
        on, off = on["faults"][0], off["faults"][0]
        equal((on["errors"], on["errors_on_return"]), (0, 0), "errors with health")
        check(on["told_ms"] is not None and on["told_ms"] < 1500 * SLOW, f"ringway told of it after {on['told_ms']} ms")
        check(on["taken_back_ms"] is not None, "taken back")
        check(on["overdue_ms"] >= 50, f"overdue {on['overdue_ms']} ms")
        check(off["errors"] > 25, f"{off['errors']} errors without health")
        check(off["error_kinds"] and set(off["error_kinds"]) <= {"502", "503"}, f"{off['error_kinds']}")
        check(off["recovered_ms"] > 500, f"recovered after {off['recovered_ms']} ms without health")
        check("kill b: errors" in out and "with" in out and "without" in out, f"the comparison:\n{out}")
        lines = (folder.path / "out.with.csv").read_text().splitlines()
        check({line.rsplit(",", 1)[1] for line in lines[1:]} >= {"a", "b", "c"}, "records name who answered")
        folder.check_nothing_left("afterwards")


def assertions_decide_the_exit_status():
    with Scenarios() as folder:
        folder.write("short.toml", SHORT)
        status, _, err = folder.run("kill.toml", "short.toml", "--set", "proxy.config = 'ringway_without_health.toml'", "-q",
                                    "--assert", "errors=0", "--assert", "rate>10")
        equal(status, 2, "exit status")
        check("assertion failed: errors=0" in err and "rate" not in err, f"it said {err}")


def test():
    with_health_and_without()
    assertions_decide_the_exit_status()


if __name__ == "__main__":
    main(test)
