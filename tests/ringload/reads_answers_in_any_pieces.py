"""However an answer is framed and cut to pieces, it is one answer with its status and its body."""

import contextlib
import time
import zlib

from loading import Origin, TemporaryFolder, chunked, equal, header, main, response, ringload

BODY = b"0123456789" * 5
CLOSE = {"Connection": "close"}
FORMS = {
    "/length": (response(200, BODY), BODY),
    "/chunked": (
        header(200, {"Transfer-Encoding": "chunked"}) + chunked(BODY[:20], BODY[20:], trailers={"X-End": "yes"}.items()),
        BODY,
    ),
    "/extension": (header(200, {"Transfer-Encoding": "chunked"}) + b"32;a=b\r\n" + BODY + b"\r\n0\r\n\r\n", BODY),
    "/until-close": (header(200, CLOSE) + BODY, BODY),
    "/old": (b"HTTP/1.0 200 OK\r\n\r\n" + BODY, BODY),
    "/interim": (header(100, reason="Continue") + header(103, {"Link": "</a>"}) + response(200, BODY), BODY),
    "/no-content": (header(204, reason="No Content"), b""),
    "/not-modified": (header(304, {"Content-Length": "50"}), b""),
    "/empty": (response(200, b""), b""),
    "/bye": (response(200, BODY, CLOSE), BODY),
}


def answer(piece_bytes, pause):
    def send(request):
        answer_bytes = FORMS.get(request.target, (header(200, {"Content-Length": "50"}), b""))[0]
        for at in range(0, len(answer_bytes), piece_bytes):
            request.connection.send(answer_bytes[at : at + piece_bytes])
            if pause:
                time.sleep(0.0002)
        if request.target in ("/until-close", "/old", "/bye"):
            with contextlib.suppress(OSError):  # the client may have closed at the last byte
                request.connection.sock.shutdown(1)

    return send


def mix_of(folder):
    kinds = [
        f'[[request]]\nname = "{path}"\npath = "{path}"\nexpect = [200, 204, 304]\n'
        f'checksum = "crc32:{zlib.crc32(body):08x}"\n'
        for path, (_, body) in FORMS.items()
    ]
    kinds.append('[[request]]\nname = "head"\nmethod = "HEAD"\npath = "/head"\n')
    return folder.file("mix.toml", "\n".join(kinds))


def test():
    for piece_bytes, requests in ((100000, 400), (1, 200), (7, 200)):
        with TemporaryFolder() as folder, Origin(answer(piece_bytes, piece_bytes == 1)) as origin:
            done = ringload(origin, "-n", requests, "-c", 4, "--mix", mix_of(folder))
            equal(done["requests"]["errors"], 0, f"errors in pieces of {piece_bytes}: {done['failures']}")
            equal(origin.count(), requests, "requests that the server saw")
            for status, path in (("204", "/no-content"), ("304", "/not-modified")):
                asked = sum(request.target == path for request in origin.requests)
                equal(done["status"][status]["count"], asked, f"answers of status {status}")
            for kind in done["kinds"]:
                asked = sum(request.target in (kind["name"], "/" + kind["name"]) for request in origin.requests)
                equal(kind["latency"]["count"], asked, f"answers to {kind['name']}")


if __name__ == "__main__":
    main(test)
