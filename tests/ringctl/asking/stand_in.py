"""A server that answers as docs/admin.md says, from what a test has put into it: for refusals, streams that are cut and
processes that begin anew, which a real ringway shows only rarely. Everything that it was asked is kept."""

import http.server
import json
import socketserver
import threading
import urllib.parse

from harness import free_port


def upstream_page(pool, name, state="healthy", in_flight=0, **members):
    return {
        "pool": pool,
        "name": name,
        "addresses": ["127.0.0.1:8001"],
        "state": state,
        "reason": "none",
        "since": "2026-01-02T03:04:05.678Z",
        "eligible": state == "healthy",
        "weight_config": 1,
        "weight": 1,
        "tier": 0,
        "backup": False,
        "breaker": {"phase": "closed", "openings": 0, "trials": 0, "successes": 0, "until_seconds": None},
        "ejected": None,
        "cooling_seconds": None,
        "credentials_fault": False,
        "in_flight": in_flight,
        "requests": 0,
        "failures": 0,
        "latency": {"ewma_ms": 1.25, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 12.5},
        **members,
    }


def event_of(number, life=1):
    return {
        "id": number,
        "time": f"2026-01-02T03:0{life}:{number // 60 % 60:02}.{number % 60:03}Z",
        "kind": "unhealthy",
        "severity": "warning",
        "pool": "api",
        "upstream": "a",
        "reason": "check_failed",
        "from": "healthy",
        "to": "unhealthy",
        "took_ms": 12.0,
        "evidence": f"event {number} of life {life}",
        "shard": 0,
        "version": number,
    }


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        owner = self.server.owner
        if owner.over.is_set():  # a process that has ended answers on no old connection either
            self.close_connection = True
            return None
        path, _, query = self.path.partition("?")
        asked = dict(urllib.parse.parse_qsl(query))
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with owner.lock:
            owner.asked.append((self.command, self.path, body.decode(), dict(self.headers)))
        if path == "/events":
            return self.events(owner, asked)
        if path == "/status" and "GET /status" not in owner.pages:
            with owner.lock:
                return self.send(200, {"last_event_id": max((event["id"] for event in owner.events), default=0)})
        status, page = owner.page(self.command, path)
        return self.send(status, page)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def send(self, status, page):
        data = page if isinstance(page, bytes) else json.dumps(page).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def events(self, owner, asked):
        if self.headers.get("Accept") != "text/event-stream":
            with owner.lock:
                found = [e for e in owner.events if e["id"] > int(asked.get("after", 0))]
                limit = int(asked.get("limit", 1024))
            return self.send(200, found[:limit] if "after" in asked else found[-limit:])
        after = int(self.headers.get("Last-Event-ID") or asked.get("after", 0))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"retry: 1000\n\n")
        owner.stream(self, after)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class StandIn:
    """`pages` are answers by "METHOD /path": a value is JSON with 200, a pair has the status as well, bytes are sent as they are,
    a function is called. `events` are those of /events; `cuts` says after how many events of a stream its connection is cut."""

    def __init__(self, pages=(), events=(), port=None):
        self.port = port or free_port()
        self.admin_address = f"127.0.0.1:{self.port}"
        self.pages = dict(pages)
        self.events = list(events)
        self.cuts = []
        self.asked = []
        self.streams = 0
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.owner = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def page(self, method, path):
        found = self.pages.get(f"{method} {path}", (404, {"error": {"code": "not_found", "message": f"no {path}"}}))
        if callable(found):
            found = found()
        return found if isinstance(found, tuple) else (200, found)

    def stream(self, handler, after):
        """Sends what there is and what comes, in two pieces each, until the server ends or the stream is cut."""
        with self.lock:
            self.streams += 1
            most = self.cuts.pop(0) if self.cuts else None
        sent = 0
        while not self.over.wait(0.02):
            with self.lock:
                found = [event for event in self.events if event["id"] > after]
            for event in found:
                if most is not None and sent == most:
                    # in the middle of the next one, which must not be taken for a whole one
                    handler.wfile.write(f"id: {event['id']}\ndata: {{\"id\": ".encode())
                    return
                text = f"id: {event['id']}\nevent: {event['kind']}\ndata: {json.dumps(event)}\n\n".encode()
                try:
                    handler.wfile.write(text[:20])
                    handler.wfile.flush()
                    handler.wfile.write(text[20:])
                except OSError:
                    return
                after = event["id"]
                sent += 1

    def requests(self, method=None):
        """(method, path, body, fields) of what was asked."""
        with self.lock:
            return [one for one in self.asked if method is None or one[0] == method]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
