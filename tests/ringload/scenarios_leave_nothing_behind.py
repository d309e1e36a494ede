"""All that a scenario started is ended with it, however it ends; what does not come up is shown, and bad files start nothing."""

import signal
import socket
import time

from loading import SLOW, check, equal, main
from loading.scenarios import Scenarios


def what_does_not_come_up_is_shown():
    with Scenarios() as folder:
        folder.write("bad.toml", "[nonsense]\n")
        status, out, err = folder.run("kill.toml", "--set", "proxy.config = 'bad.toml'")
        equal(status, 1, "exit status")
        check("the proxy did not come up" in err and "bad.toml" in err and "nonsense" in err, f"it said {err}")
        folder.check_nothing_left("a proxy that does not come up")
        with socket.create_server(("127.0.0.1", int(folder.ports["9112"]))) as taken:
            status, out, err = folder.run("kill.toml")
            equal(status, 1, "exit status")
            check("origin b did not come up" in err and folder.ports["9112"] in err, f"it said {err}")
            taken.close()
        folder.check_nothing_left("an origin that does not come up")


def files_with_errors_start_nothing():
    with Scenarios() as folder:
        folder.write("bad.toml", "[load]\nrte = 1\n[[fault]]\norigin = 'd'\nkind = 'kill'\nat = '1s'\n")
        status, out, err = folder.run("kill.toml", "bad.toml")
        equal(status, 1, "exit status")
        equal(err, "bad.toml:2:1: unknown key `rte`, did you mean `rate`?\n"
                   "bad.toml:4:10: `origin`: no [[origin]] is named \"d\"\n", "what it said")


def however_it_ends_nothing_is_left():
    for number, wanted in ((signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        with Scenarios() as folder:
            process = folder.start("kill.toml", "-q", "--json", "out.json")
            folder.wait_up("8088")
            time.sleep(2.5)
            process.send_signal(number)
            _, err = process.communicate(timeout=20 * SLOW)
            equal(process.returncode, wanted, f"exit status after {number.name}; it said {err}")
            folder.check_nothing_left(number.name)
            if number != signal.SIGKILL:
                equal(folder.json("out.json")["interrupted"], True, "interrupted")


def test():
    what_does_not_come_up_is_shown()
    files_with_errors_start_nothing()
    however_it_ends_nothing_is_left()


if __name__ == "__main__":
    main(test)
