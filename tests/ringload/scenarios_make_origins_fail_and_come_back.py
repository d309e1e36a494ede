"""Origins fail in each way in turn, and come back; the figures say what clients noticed of each."""

from loading import SLOW, check, equal, main
from loading.scenarios import Scenarios


def each_kind_in_turn():
    faults = [("b", "status", 0.4, ""), ("c", "stop", 1.0, ""), ("a", "slow", 1.6, 'delay = "30ms"'), ("b", "429", 2.2, ""),
              ("c", "reset", 2.8, ""), ("a", "stall", 3.4, "")]
    text = 'load.warm_up = "300ms"\nload.rate = 200\nload.duration = "4200ms"\n'
    for origin, kind, at, more in faults:
        times = f'at = "{at * 1000:.0f}ms"\nuntil = "{at * 1000 + 300:.0f}ms"\n'
        text += f'[[fault]]\norigin = "{origin}"\nkind = "{kind}"\n{times}{more}\n'
    with Scenarios() as folder:
        folder.write("faults.toml", text)
        status, out, err = folder.run("kill.toml", "faults.toml", "--json", "out.json")
        equal(status, 0, f"exit status; it said {err}")
        found = folder.json("out.json")["faults"]
        equal([(fault["origin"], fault["kind"]) for fault in found], [(fault[0], fault[1]) for fault in faults], "faults")
        for fault in found:
            check(fault["requests"] > 30, f"{fault['kind']}: {fault['requests']} requests")
        for fault in found[:4]:
            equal(fault["errors"], 0, f"errors of {fault['kind']}: {fault['error_kinds']}")
        check(found[1]["worst_added_ms"] > 20, f"stopped: {found[1]['worst_added_ms']} ms added")
        # a machine that stalls adds a second of its own
        check(20 < found[2]["worst_added_ms"] < 1200 * SLOW, f"slow: {found[2]['worst_added_ms']} ms added")
        folder.check_nothing_left("afterwards")


def a_fault_until_the_end_has_no_return():
    with Scenarios() as folder:
        folder.write("last.toml", 'load.warm_up = "100ms"\nload.rate = 100\nload.duration = "3s"\nrounds = 2\n'
                                  '[[fault]]\norigin = "b"\nkind = "stall"\nat = "500ms"\nuntil = "3s"\n')
        status, out, err = folder.run("kill.toml", "last.toml", "--json", "out.json")
        equal(status, 0, f"exit status; it said {err}")
        for number in (1, 2):
            found = folder.json(f"out.{number}.json")
            equal([mark["text"] for mark in found["marks"]], ["b stall"], "marks")
            fault = found["faults"][0]
            equal((fault["until_s"], fault["requests_on_return"], fault["taken_back_ms"]), (3, 0, None), "its end")


def test():
    each_kind_in_turn()
    a_fault_until_the_end_has_no_return()


if __name__ == "__main__":
    main(test)
