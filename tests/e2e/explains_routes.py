"""/routes/explain tells the route of a request as the router takes it, and why not each other one."""

import signal
from urllib.parse import urlencode

from harness import Origin, Ringway, check, equal, eventually, free_port, main, pool

ROUTES = """
[[route]]
name = "admin"
host = "admin.example"
pool = "main"
[[route]]
name = "api"
path_prefix = "/api"
method = "GET"
pool = "main"
[[route]]
name = "gold"
path_prefix = "/api"
headers = { "X-Tier" = "gold" }
method = "GET"
split = { main = 1, other = 3 }
[[route]]
name = "away"
path = "/old"
redirect = { path = "/new" }
"""


def test():
    with Origin(name="a") as a, Ringway(ROUTES + pool("main", a) + pool("other", a)) as ringway:

        def explain(*headers, **query):
            pairs = list(query.items()) + [("header", header) for header in headers]
            return ringway.page(f"/routes/explain?{urlencode(pairs)}")

        found = explain(target="/api/x?q=1", host="www.example")
        equal((found["route"], found["action"], found["pools"]), ("api", "pool", ["main"]), "by its prefix")
        lines = "\n".join(found["considered"])
        check("api" in lines and ": taken" in lines, "what is taken")
        check("gold" in lines and ": no, " in lines, f"why not: {lines}")
        check("host www.example is not admin.example" in lines, f"why not: {lines}")
        equal(len(found["considered"]), 4, "each route of the listener")
        found = explain("X-Other: y", "X-Tier: gold", target="/api/x")
        equal((found["route"], found["action"], found["pools"]), ("gold", "split", ["main", "other"]), "by a header")
        equal(explain(target="/old")["action"], "redirect", "a redirect")
        found = explain(target="/api", method="POST")
        equal((found["route"], found["action"], found["pools"]), (None, None, []), "none")
        equal(explain(target="/x", host="admin.example:80")["route"], "admin", "by its host")
        equal(explain(target="/api", listener="main")["listener"], "main", "by its listener")
        equal(ringway.get("/api").status, 200, "as it is")
        for bad in ("listener=x", "method=A%20B", "target=/%0d%0aX:y", "header=x", "target=x"):
            equal(ringway.admin(f"/routes/explain?{bad}")[0], 400, bad)

    more = f'[[listener]]\nname = "second"\naddress = "127.0.0.1:{free_port()}"'
    with Origin(name="a") as a, Ringway(ROUTES + pool("main", a) + pool("other", a), more_listeners=more) as ringway:
        status, text = ringway.admin("/routes/explain?target=/api")
        equal((status, "give `listener`" in text), (400, True), "which listener")
        with open(ringway.config, "w", encoding="utf-8") as file:
            file.write(ringway.text.replace(more, ""))
        ringway.signal(signal.SIGHUP)
        eventually(lambda: ringway.metric("ringway_config_generation") == 2, "the reload")
        equal(ringway.page("/routes/explain?target=/api")["listener"], "main", "the one that is left")
        equal(ringway.admin("/routes/explain?listener=second")[0], 400, "one that is gone")


if __name__ == "__main__":
    main(test)
