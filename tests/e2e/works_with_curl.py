"""curl's own idea of HTTP agrees: bodies up and down, Expect, reuse, HEAD, redirects followed."""

from harness import check, equal, get_by_curl, main, Origin, pattern, pool, response, Ringway, TemporaryFolder


def test():
    def answer(request):
        return response(200, request.body or b"hello from origin")

    body = '[[route]]\npath = "/old"\nredirect = { status = 302, path = "/new" }\n[[route]]\npool = "p"\n'
    with Origin(answer) as origin, Ringway(body + pool("p", origin)) as ringway, TemporaryFolder() as folder:
        base = f"http://127.0.0.1:{ringway.port}"
        data = pattern(3_000_000, 4)
        path = folder.path + "/body"
        with open(path, "wb") as out:
            out.write(data)
        equal(get_by_curl(base + "/"), b"hello from origin", "GET")
        equal(get_by_curl("--data-binary", f"@{path}", base + "/"), data, "POST with Expect")
        equal(get_by_curl("-T", path, "-H", "Transfer-Encoding: chunked", base + "/"), data, "chunked PUT")
        equal(get_by_curl("-L", base + "/old"), b"hello from origin", "redirect followed")
        head = get_by_curl("-I", base + "/")
        check(head.startswith(b"HTTP/1.1 200"), f"HEAD: {head!r}")
        out = get_by_curl("-w", "%{num_connects} ", *(["-o", "/dev/null", base + "/"] * 3))
        equal(out, b"1 0 0 ", "connections made for three transfers")
        equal(get_by_curl("--http1.0", base + "/"), b"hello from origin", "HTTP/1.0")


if __name__ == "__main__":
    main(test)
