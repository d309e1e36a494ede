"""Tables have colours on a terminal only, unless --color says otherwise; NO_COLOR and a dumb terminal are honoured. What the
server says writes nothing but letters to the terminal."""

from asking import StandIn, check, equal, main, on_a_terminal, ringctl
from asking.stand_in import event_of, upstream_page


def coloured_on_a_terminal(server, *words, **variables):
    with on_a_terminal(*words, admin=server, **variables) as run:
        run.finish()
        check("api/a" in run.text(), f"the table is there: {run.text()}")
        return bool(run.screen.tones)


def test():
    pages = {"GET /upstreams": [upstream_page("api", "a", state="unhealthy", reason="check_failed")]}
    with StandIn(pages) as server:
        plain = ringctl("upstreams", admin=server)
        equal("\x1b" in plain.out, False, "in a pipe")
        painted = ringctl("upstreams", "--color", "always", admin=server)
        check("\x1b[31munhealthy (check_failed)\x1b[0m" in painted.out, f"always: {painted}")
        equal(coloured_on_a_terminal(server, "upstreams"), True, "on a terminal")
        equal(coloured_on_a_terminal(server, "upstreams", NO_COLOR="1"), False, "NO_COLOR")
        equal(coloured_on_a_terminal(server, "upstreams", NO_COLOR=""), True, "an empty NO_COLOR")
        equal(coloured_on_a_terminal(server, "upstreams", TERM="dumb"), False, "a dumb terminal")
        equal(coloured_on_a_terminal(server, "upstreams", "--color", "never"), False, "never")
        equal(coloured_on_a_terminal(server, "upstreams", "--color=always", NO_COLOR="1"), True, "always")

        evil = "\x1b]0;owned\x07\x1b[2Jx\r\n"
        server.pages["GET /upstreams"] = [upstream_page("api", evil), upstream_page("api", "a")]
        server.pages["POST /reload"] = (422, {"error": {"code": "x", "message": evil, "errors": [evil]}})
        server.events = [{**event_of(1), "evidence": evil, "kind": evil}]
        for words in (("upstreams",), ("events",), ("reload",), ("drain", "b")):
            done = ringctl(*words, admin=server)
            odd = [c for c in done.out + done.err if c < " " and c != "\n"]
            equal(odd, [], f"control characters of {words}: {done}")
        check("\\x1b[2Jx" in ringctl("upstreams", admin=server).out, "they are shown as what they are")


if __name__ == "__main__":
    main(test)
