"""-n is what the server counts, however many threads and connections share it; -c is how many connections it sees."""

from loading import Nginx, Timed, equal, main, ringload


def test():
    for flags, requests, connections in (
        (("-c", 7, "-t", 2), 1000, 7),
        (("-c", 1), 100, 1),
        (("-c", 5, "-t", 3), 2, None),  # one of the threads has nothing to do
        (("-c", 4, "--pipeline", 3), 500, 4),
        (("-c", 4, "--rate", 400, "--max-connections", 4), 300, None),
    ):
        with Timed() as origin:
            done = ringload(origin, "-n", requests, *flags)
            equal(origin.count(), requests, f"requests that the server saw with {flags}")
            equal(done["requests"]["due"], requests, "due")
            equal(done["requests"]["answered"], requests, "answered")
            equal(done["requests"]["errors"], 0, "errors")
            if connections:
                equal(len(origin.connections), connections, f"connections that the server saw with {flags}")
                equal(done["connects"], connections, "connects")
    with Nginx() as nginx:
        done = ringload(nginx, "-n", 20000, "-c", 10)
        lines = nginx.lines()
        equal(len(lines), 20000, "requests in nginx's log")
        equal(len({line[0] for line in lines}), 10, "connections in nginx's log")
        equal(done["status"]["200"]["count"], 20000, "answers of status 200")


if __name__ == "__main__":
    main(test)
