"""An upstream whose SYN goes unanswered costs connect_timeout; then another one answers, or the client gets an error."""

import socket
import time

from harness import check, equal, forward_to, main, Origin, Ringway, seconds_of, SLOW


def test():
    # a listener whose queue is full drops further SYNs, like a black hole
    hole = socket.socket()
    hole.bind(("127.0.0.1", 0))
    hole.listen(0)
    address = hole.getsockname()
    fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(address)
        fillers.append(filler)
    time.sleep(0.2)
    dead = f"127.0.0.1:{address[1]}"
    keys = 'connect_timeout = "300ms"\nbalance = "round_robin"\n'
    with Ringway(forward_to(dead, pool_keys=keys + "retry = { attempts_max = 1 }")) as ringway:
        seconds, reply = seconds_of(lambda: ringway.get("/"))
        check(reply.status in (502, 503, 504), f"status {reply.status}")
        check(0.25 < seconds < 0.3 + 1.5 * SLOW, f"after {seconds:.2f} s")
    with Origin(name="alive") as alive, Ringway(forward_to(dead, alive, pool_keys=keys)) as ringway:
        for _ in range(4):
            seconds, reply = seconds_of(lambda: ringway.get("/"))
            equal((reply.status, reply.get("X-Origin")), (200, "alive"), "reply")
            check(seconds < 0.3 + 1.5 * SLOW, f"after {seconds:.2f} s")


if __name__ == "__main__":
    main(test)
