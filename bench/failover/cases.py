"""The faults: what is done to one of three origins, and how it is undone. Each returns when it is in effect. Every round ends with
case (h): the origin comes back."""

import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

RETRY_AFTER_SECONDS = 1
SLOWER = 20


@dataclass
class Case:
    key: str
    name: str
    title: str
    begin: Callable  # (scene, index of the origin)
    end: Callable
    needs_packets: bool = False  # nftables in a network of its own


def control(scene, index, query):
    """Changes what an origin answers, over its unix socket: at once, whatever the wire is."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(scene.control_path(index)))
        connection.sendall(f"POST /_control?{query} HTTP/1.1\r\nHost: control\r\nConnection: close\r\n\r\n".encode())
        answer = connection.recv(4096)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"ringorigin refused {query}: {answer!r}")


def kill(scene, index):
    scene.origins[index].send_signal(signal.SIGKILL)


def start_again(scene, index):
    scene.start_origin(index)


def stop(scene, index):
    scene.origins[index].send_signal(signal.SIGSTOP)


def carry_on(scene, index):
    scene.origins[index].send_signal(signal.SIGCONT)


def refuse(scene, index):
    scene.network.refuse(scene.network.origins[index])


def drop(scene, index):
    scene.network.drop(scene.network.origins[index])


def heal(scene, _):
    scene.network.heal()


def fail(scene, index):
    control(scene, index, "mode=fail&status=503")


def limit(scene, index):
    control(scene, index, f"mode=429&retry_after={RETRY_AFTER_SECONDS}")


def slow_down(scene, index):
    control(scene, index, f"mode=slow&delay={int(1000 * SLOWER * scene.arguments.latency)}us")


def answer_well(scene, index):
    control(scene, index, "mode=default")


CASES = [
    Case("a", "killed", "process killed", kill, start_again),
    Case("b", "refuses", "refuses (RST for old and new connections)", refuse, heal, needs_packets=True),
    Case("c", "stopped", "stopped (SIGSTOP)", stop, carry_on),
    Case("d", "dropped", "packets dropped", drop, heal, needs_packets=True),
    Case("e", "503", "answers 503", fail, answer_well),
    Case("f", "429", f"answers 429, Retry-After: {RETRY_AFTER_SECONDS}", limit, answer_well),
    Case("g", "slow", f"{SLOWER} times slower", slow_down, answer_well),
]
