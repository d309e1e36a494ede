"""A ringway whose admin listener takes changes, and what tests say to it."""

import json

from harness.balancer import Ringway
from harness.client import Client
from harness.ground import TemporaryFolder, check

TOKEN = "open-sesame"


class Controlled(Ringway):
    def __init__(self, body, admin="", **more):
        self.secrets = TemporaryFolder()
        token_file = self.secrets.file("token", TOKEN + "\n")
        super().__init__(body, admin=f'token_file = "{token_file}"\n{admin}', **more)

    def control(self, method, path, body=None, token=TOKEN, kind="application/json"):
        """One request to the admin listener on a connection of its own; its reply."""
        fields = [("Authorization", f"Bearer {token}")] if token else []
        if body is not None:
            fields.append(("Content-Type", kind))
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        with Client(self.admin_port) as client:
            return client.request(method, path, fields, body)

    def change(self, path, method="POST", body=None):
        """A change that has to be made; the JSON that it is answered with."""
        reply = self.control(method, path, body)
        check(reply.status == 200, f"{method} {path} answers {reply.status}: {reply.text()[:300]}")
        return json.loads(reply.body)

    def refused(self, method, path, status, code, **more):
        """A request that has to be refused, with that status and code."""
        reply = self.control(method, path, **more)
        check(reply.status == status, f"{method} {path} answers {reply.status}, not {status}: {reply.text()[:300]}")
        error = json.loads(reply.body)["error"]
        check(error["code"] == code, f"{method} {path} is refused as {error}")
        check(len(error["message"]) > 10, "a message for people")
        return reply


class EventStream:
    """A client of /events as Server-Sent Events."""

    def __init__(self, ringway, query="", last_id=None, seconds=10.0, receive_bytes=None):
        self.client = Client(ringway.admin_port, seconds=seconds, receive_bytes=receive_bytes)
        fields = [("Accept", "text/event-stream")]
        if last_id is not None:
            fields.append(("Last-Event-ID", str(last_id)))
        self.client.ask("GET", f"/events{query}", fields)
        self.head = self.client.reply_head()
        self.text = self.client.reader.kept
        self.client.reader.kept = b""

    def block(self):
        """The members of the next block that has some, as a dictionary."""
        while True:
            block, found, rest = self.text.partition(b"\n\n")
            if not found:
                got = self.client.sock.recv(65536)
                check(got, "the stream goes on")
                self.text += got
                continue
            self.text = rest
            lines = [line.partition(": ") for line in block.decode().split("\n") if not line.startswith(":")]
            if lines:
                return {name: value for name, _, value in lines}

    def event(self):
        """The next event, as JSON."""
        while True:
            block = self.block()
            if "data" in block:
                event = json.loads(block["data"])
                check(int(block["id"]) == event["id"], f"the id of {block}")
                check(block["event"] == event["kind"], f"the event of {block}")
                return event

    def until(self, kind, upstream=None):
        """The events up to one of that kind."""
        events = []
        while True:
            events.append(self.event())
            if events[-1]["kind"] == kind and upstream in (None, events[-1]["upstream"]):
                return events

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
