"""Checksums: what ringorigin says of its own bodies holds, whole, chunked or until the end; one that does not is found."""

import zlib

from loading import Origin, Program, TemporaryFolder, equal, main, response, ringload

BODY = b"the body that is wanted"


def fnv1a64(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def test():
    mix = "".join(
        f'[[request]]\npath = "{path}"\nchecksum = "field:X-Checksum"\n'
        for path in ("/fixed?bytes=70000", "/chunked?bytes=40000&chunk=777", "/close?bytes=30000", "/fixed?bytes=0")
    )
    with Program("a") as origin, TemporaryFolder() as folder:
        done = ringload(origin, "-n", 400, "-c", 4, "--mix", folder.file("mix.toml", mix))
        equal(done["requests"]["errors"], 0, f"errors: {done['failures']}")
        equal([kind["failed"] for kind in done["kinds"]], [0, 0, 0, 0], "failed by kind")

    def every_fifth_is_wrong(request):
        # same length, one bit off
        return response(200, BODY[:-1] + b"e" if request.target.endswith(("0", "5")) else BODY)

    for name, wanted in (("fnv1a64", f"{fnv1a64(BODY):016x}"), ("crc32", f"{zlib.crc32(BODY):08x}")):
        with Origin(every_fifth_is_wrong) as origin:
            done = ringload(origin, "-n", 100, "-c", 3, "--checksum", f"{name}:{wanted}", path="/{n}")
            equal(done["failures"]["wrong_body"], 20, f"wrong bodies by {name}")
            equal(done["requests"]["answered"], 100, "answered")
    with Origin(lambda _: response(200, BODY, {"X-Sum": "00"})) as origin:
        done = ringload(origin, "-n", 10, "-c", 1, "--checksum", "field:X-Sum")
        equal(done["failures"]["wrong_body"], 10, "bodies that are not as the field says")
    with Origin(lambda _: response(200, BODY)) as origin:
        done = ringload(origin, "-n", 10, "-c", 1, "--checksum", "field:X-Sum")
        equal(done["failures"]["wrong_body"], 10, "answers that do not have the field")


if __name__ == "__main__":
    main(test)
