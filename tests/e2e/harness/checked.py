"""Origins that answer health checks and requests differently, and the lines of a check in a configuration."""

import threading

from harness.ground import SLOW
from harness.message import response
from harness.origin import Origin, echo


class Checked(Origin):
    """`verdict` is what its checks get: bytes, or a function of the request; requests get `answer`. Both may be changed
    at any time. Keeps both kinds apart."""

    def __init__(self, name="origin", verdict=response(200, b"ok"), answer=echo, **more):
        self.verdict = verdict
        self.answer = answer
        super().__init__(self.either, name=name, **more)

    def either(self, request):
        told = self.verdict if is_check(request) else self.answer
        return told(request) if callable(told) else told

    def checks(self):
        with self.lock:
            return [request for request in self.requests if is_check(request)]

    def served(self):
        """How many requests it got that were no checks."""
        with self.lock:
            return sum(not is_check(request) for request in self.requests)


class Held:
    """Answers: /slow only once `release` is set, all else at once."""

    def __init__(self):
        self.release = threading.Event()

    def __call__(self, request):
        if request.target == "/slow":
            self.release.wait(60)
        return response(200, b"done")


def is_check(request):
    return request.get("X-Health-Check") is not None


def health_check(path="/health", interval=None, **keys):
    """A [[pool.health.check]], every 200 ms unless told; other keys as TOML text: expected_statuses="[200]". Its time-out is the
    interval, which leaves room for a busy machine and a slow build; what is unknown or out is checked more often."""
    every = interval or f"{200 * SLOW:.0f}ms"
    lines = {"interval": f'"{every}"', "jitter_percent": "0"}
    if not interval:
        lines["fast_interval"] = '"40ms"'
    lines.update(keys)
    if path is not None:
        lines["path"] = f'"{path}"'
    return "[[pool.health.check]]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


__all__ = ["Checked", "Held", "health_check"]
