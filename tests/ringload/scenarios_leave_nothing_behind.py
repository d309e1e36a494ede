"""All that a scenario started is ended with it, however it ends; what does not come up is shown, and bad files start nothing."""

import contextlib
import signal
import socket
import subprocess
import time
import urllib.request

from loading import SLOW, Origin, check, equal, main, response
from loading.scenarios import Scenarios
from harness.ground import RINGORIGIN


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


def another_server_is_not_taken_for_the_proxy():
    with Scenarios() as folder, Origin(lambda request: response()) as other:
        url = f"http://127.0.0.1:{other.port}/"
        status, _, err = folder.run("kill.toml", "--set", f"proxy = {{ config = '', command = ['false'], ready = '{url}' }}")
        equal(status, 1, f"exit status; it said {err}")
        check(f"127.0.0.1:{other.port} answers before the proxy is started" in err, f"it said {err}")
        equal(other.count(), 1, "requests to the other server")
        folder.check_nothing_left("a proxy that is not started")


def before_all_is_measured_ctrl_c_is_the_exit_status():
    waiting = "proxy = { config = '', command = ['sleep', '60'], ready_within = '60s' }"
    for arguments, upto in (([waiting], "9113"), (["rounds = 2"], "8088")):
        with Scenarios() as folder:
            settings = [word for line in arguments for word in ("--set", line)]
            process = folder.start("kill.toml", "-q", *settings)
            folder.wait_up(upto)
            time.sleep(2.5 if upto == "8088" else 0.1)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20 * SLOW)
            equal(process.returncode, 130, f"exit status with {arguments}; it said {err}")
            folder.check_nothing_left("Ctrl-C")


def commands_are_undone_at_the_end():
    with Scenarios() as folder:
        text = 'load.warm_up = "100ms"\nload.duration = "600ms"\nload.rate = 100\n'
        for name in ("o", ""):
            text += f'[[fault]]\nkind = "command"\nat = "200ms"\nbegin = ["touch", "{folder.path}/begun{name}"]\n' \
                    f'end = ["touch", "{folder.path}/ended{name}"]\n' + ('origin = "a"\n' if name else "")
        folder.write("command.toml", text)
        status, _, err = folder.run("kill.toml", "command.toml", "-q")
        equal(status, 0, f"exit status; it said {err}")
        for name in ("begun", "ended", "beguno", "endedo"):
            check((folder.path / name).exists(), f"{name} is not there")


def origins_that_run_already_go_on_as_before():
    with Scenarios() as folder, contextlib.ExitStack() as stack:
        text, started = 'load.warm_up = "200ms"\nload.duration = "1500ms"\nload.rate = 100\n', {}
        for name, port in zip("abc", ("9111", "9112", "9113")):
            address, control = f"127.0.0.1:{folder.ports[port]}", f"unix:{folder.path}/{name}.sock"
            started[name] = stack.enter_context(subprocess.Popen(
                [RINGORIGIN, "--name", name, "--listen", address, "--listen", control],
                stdout=subprocess.DEVNULL))
            stack.callback(started[name].kill)
            text += f'[[origin]]\nname = "{name}"\naddress = "{address}"\nrunning = true\npid = {started[name].pid}\n' \
                    f'control = "{control}"\n'
            folder.wait_up(port)
        text += '[[fault]]\norigin = "a"\nkind = "stop"\nat = "300ms"\n[[fault]]\norigin = "b"\nkind = "status"\nat = "300ms"\n'
        folder.write("running.toml", text)
        status, _, err = folder.run("kill.toml", "running.toml", "-q", "--json", "out.json")
        equal(status, 0, f"exit status; it said {err}")
        stopped, failing = folder.json("out.json")["faults"]
        check(stopped["worst_added_ms"] > 20, f"stopped: {stopped['worst_added_ms']} ms added")
        equal((failing["kind"], failing["until_s"]), ("status", 1.5), "a fault that lasts")
        for name, port in zip("abc", ("9111", "9112", "9113")):
            equal(started[name].poll(), None, f"{name} still runs")
            url = f"http://127.0.0.1:{folder.ports[port]}/"
            with urllib.request.urlopen(url, timeout=5 * SLOW) as answer:
                equal((answer.status, answer.headers["X-Origin"]), (200, name), "its answer")


def test():
    what_does_not_come_up_is_shown()
    files_with_errors_start_nothing()
    however_it_ends_nothing_is_left()
    another_server_is_not_taken_for_the_proxy()
    before_all_is_measured_ctrl_c_is_the_exit_status()
    commands_are_undone_at_the_end()
    origins_that_run_already_go_on_as_before()


if __name__ == "__main__":
    main(test)
