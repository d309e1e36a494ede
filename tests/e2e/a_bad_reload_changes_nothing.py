"""A file with errors, a port that is taken, a file that is not there: the configuration in force goes on, and the log says what is
wrong and where."""

import os
import signal
import socket

from harness import check, equal, eventually, forward_to, main, Origin, response, Ringway


def test():
    with Origin(lambda request: response(200, b"ok")) as origin, Ringway(forward_to(origin)) as ringway:
        with ringway.client() as kept, socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            bad = ringway.text.replace("[[route]]", "[[route]]\npool_ = 1", 1)
            clash = ringway.text + f'\n[[listener]]\nname = "clash"\naddress = "127.0.0.1:{taken.getsockname()[1]}"\n'
            for text, words in [(bad, "pool_"), (clash, "another program listens there"), (None, "ringway.toml")]:
                said = len(ringway.stderr())
                if text is None:
                    os.unlink(ringway.config)
                else:
                    with open(ringway.config, "w", encoding="utf-8") as file:
                        file.write(text)
                ringway.signal(signal.SIGHUP)
                eventually(lambda: words in ringway.stderr()[said:], f"the log says `{words}`")
                equal(ringway.metric("ringway_config_last_reload_success"), 0, "the metric of the last reload")
                equal(ringway.metric("ringway_config_generation"), 1, "the generation in force")
                equal(kept.get("/").body, b"ok", "the kept connection")
                equal(ringway.get("/").body, b"ok", "a new connection")
            with open(ringway.config, "w", encoding="utf-8") as file:
                file.write(ringway.text)
            ringway.signal(signal.SIGHUP)
            eventually(lambda: ringway.metric("ringway_config_last_reload_success") == 1, "a good file again")
            check("configuration 2 is in force" in ringway.stderr(), "the log says so")


if __name__ == "__main__":
    main(test)
