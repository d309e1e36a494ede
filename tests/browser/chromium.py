"""A headless Chromium, driven through its DevTools pipe (null-terminated JSON on descriptors 3 and 4). It reaches no network:
names do not resolve, and every request that a page makes is kept in `requests`."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",  # as root it starts only so; it opens nothing but the pages under test
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
SECONDS = 30 * float(os.environ.get("RINGWAY_SLOW", "1"))


class Chromium:
    """One browser with one tab. What the page complained about stands in `complaints`."""

    def __init__(self):
        found = next((path for path in map(shutil.which, NAMES) if path), None)
        if found is None:
            raise SystemExit("no Chromium is installed; run tools/setup")
        self.profile = tempfile.TemporaryDirectory(prefix="ringload-page-", ignore_cleanup_errors=True)
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()
        # the shell gives both pipes the numbers that Chromium expects
        redirect = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", redirect, "chromium", found, *FLAGS, f"--user-data-dir={self.profile.name}"],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.pending = b""
        self.last_id = 0
        self.session = None
        self.events = []
        self.requests = []
        self.complaints = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.write_end)  # without its pipe the browser ends
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.read_end)
        self.profile.cleanup()

    def call(self, method, **params):
        """The result of a command. Events that come before it are taken."""
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + SECONDS
        while True:
            answer = self.receive(deadline, method)
            if answer.get("id") != self.last_id:
                self.take(answer)
            elif "error" in answer:
                raise AssertionError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def receive(self, deadline, what):
        while b"\0" not in self.pending:
            ready, _, _ = select.select([self.read_end], [], [], max(0, deadline - time.monotonic()))
            more = os.read(self.read_end, 1 << 20) if ready else b""
            if not more:
                raise AssertionError(f"the browser {'ended' if ready else 'is silent'} during {what}")
            self.pending += more
        message, _, self.pending = self.pending.partition(b"\0")
        return json.loads(message)

    def take(self, event):
        method, params = event.get("method", ""), event.get("params", {})
        self.events.append(method)
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(f"console: {[value.get('value') for value in params['args']]}")
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])

    def open(self, url, width=1200, is_dark=False):
        """Loads a page anew, at this width of the window."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.show_as("screen", is_dark)
        self.events, self.requests, self.complaints = [], [], []
        self.call("Page.navigate", url=url)
        deadline = time.monotonic() + SECONDS
        while "Page.loadEventFired" not in self.events:
            self.take(self.receive(deadline, url))

    def show_as(self, medium, is_dark=False):
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=medium, features=[scheme])

    def run(self, expression):
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']['exception']['description']}")
        return answer["result"].get("value")

    def point(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def press(self, key):
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def screenshot(self, path):
        """Of the whole page, not only of what the window shows."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(answer["data"]))
