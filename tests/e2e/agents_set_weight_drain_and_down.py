"""An agent on a port of the upstream's host says how much traffic it wants, in words or in JSON, plain or over HTTP."""

import json
import socket
import threading

from harness import (
    Checked,
    check,
    equal,
    eventually,
    forward_to,
    health_check,
    main,
    Origin,
    response,
    Ringway,
    upstream,
)


class Agent:
    """Tells its word to everyone who connects."""

    def __init__(self, word):
        self.word = word
        self.heard = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            sock, _ = self.listener.accept()
            with sock:
                sock.settimeout(1)
                self.heard = sock.recv(100)
                sock.sendall(self.word)


def test():
    agent = Agent(b"up 50%\n")
    keys = 'balance = "round_robin"\n' + health_check(
        path=None, kind='"agent"', port=agent.port, send='"hello\\n"'
    )
    with Origin(name="a") as a, Ringway(forward_to(a, pool_keys=keys)) as ringway:

        def becomes(word, **wanted):
            agent.word = word
            eventually(
                lambda: all(ringway.upstream(a)[key] == value for key, value in wanted.items()),
                f"{word} makes {wanted}",
            )

        becomes(b"up 50%\n", agent_percent=50, state="healthy", eligible=True)
        equal(agent.heard, b"hello\n", "what the agent is told")
        becomes(b"25%\n", agent_percent=25, state="healthy")
        becomes(b"drain\n", state="draining", eligible=False, reason="agent_asked")
        equal(ringway.wait_event("draining")["upstream"], "a", "event")
        becomes(b"ready 100%\n", agent_percent=100, state="healthy", eligible=True)
        becomes(b"maint\n", state="maintenance", eligible=False)
        becomes(b"up\n", state="healthy", eligible=True)
        becomes(b"down # disk full\n", state="unhealthy", eligible=False)
        becomes(b"up\n", state="healthy", eligible=True)
        becomes(b'{"cpu": 97.5, "memory": 20}', agent_percent=10, state="healthy")
        becomes(b'{"weight": 40}', agent_percent=40, state="healthy")
        becomes(b'{"drain": true}', state="draining", eligible=False)
        becomes(b'{"drain": false, "weight": 100}', state="healthy", agent_percent=100)
        becomes(b"0%\n", agent_percent=0, eligible=False)
        becomes(b"what?\n", agent_percent=0)  # what cannot be read changes nothing
        becomes(b"100%\n", agent_percent=100, eligible=True)

    over_http = health_check(path="/agent", kind='"agent"')
    with Checked("a", verdict=response(200, json.dumps({"weight": 25}))) as a, Origin(name="b") as b:
        with Ringway(
            forward_to(
                upstream(a, "weight = 4"),
                upstream(b, "weight = 1"),
                pool_keys='balance = "round_robin"\n' + over_http,
            )
        ) as ringway, ringway.client() as client:
            eventually(lambda: ringway.upstream(a)["agent_percent"] == 25, "the share asked for over HTTP")
            ringway.wait_state(b, "unknown")
            equal(a.checks()[0].target, "/agent", "path")
            check(client.get("/").status == 200, "it serves")


if __name__ == "__main__":
    main(test)
