"""The address: --admin, --config, RINGWAY_ADMIN, in that order. The token likewise; one that cannot be read keeps nobody from
looking, and says so to who wants to change something."""

from asking import StandIn, TemporaryFolder, check, equal, main, ringctl


def who(done):
    """Which server answered."""
    equal(done.status, 0, f"{done}")
    return done.out.strip()


def token_of(server):
    return server.requests("POST")[-1][3].get("Authorization")


def stand_in(name):
    return StandIn({"GET /pools": f'"{name}"'.encode(), "POST /reload": {"generation": 1, "changed": []}})


def addresses(one, two, three, folder):
    config = folder.file(
        "two.toml", f'# only [admin] is read\n[admin]\nlisten = "0.0.0.0:{two.port}"\n[nonsense]\nx = 1\n'
    )
    ask = ("pools", "--json")
    flag = ("--admin", one.admin_address)
    equal(who(ringctl(*flag, *ask, "--config", config, RINGWAY_ADMIN=three.admin_address)), '"one"', "--admin is first")
    equal(who(ringctl(*ask, "--config", config, RINGWAY_ADMIN=three.admin_address)), '"two"', "then --config")
    equal(who(ringctl(*ask, RINGWAY_ADMIN=three.admin_address)), '"three"', "then RINGWAY_ADMIN")
    equal(who(ringctl(*ask, "--admin", f"localhost:{two.port}")), '"two"', "a name")
    silent = folder.file("silent.toml", "[process]\n")
    done = ringctl(*ask, "--config", silent, RINGWAY_ADMIN=three.admin_address)
    check(done.status == 2 and "has no [admin] listen" in done.err, f"{done}")
    broken = folder.file("broken.toml", "[admin\n")
    done = ringctl(*ask, "--config", broken)
    check(done.status == 2 and f"{broken}:1:7: " in done.err, f"{done}")


def tokens(server, folder):
    of_flag = folder.file("flag", "flag-token\n")
    of_config = folder.file("of_config", "config-token")
    of_variable = folder.file("variable", "variable-token\r\n")
    config = folder.file(
        "ringway.toml", f'[admin]\nlisten = "127.0.0.1:{server.port}"\ntoken_file = "{of_config}"\n'
    )
    where = ("--config", config)
    ringctl("reload", *where, "--token-file", of_flag, RINGWAY_TOKEN_FILE=of_variable)
    equal(token_of(server), "Bearer flag-token", "--token-file is first")
    ringctl("reload", *where, RINGWAY_TOKEN_FILE=of_variable)
    equal(token_of(server), "Bearer config-token", "then --config")
    ringctl("reload", admin=server, RINGWAY_TOKEN_FILE=of_variable)
    equal(token_of(server), "Bearer variable-token", "then RINGWAY_TOKEN_FILE")
    ringctl("reload", admin=server)
    equal(token_of(server), None, "and without any of them there is none")

    lost = folder.file("lost.toml", f'[admin]\nlisten = "127.0.0.1:{server.port}"\ntoken_file = "/nowhere/token"\n')
    equal(ringctl("pools", "--json", "--config", lost).status, 0, "a look needs no token")
    before = len(server.requests())
    done = ringctl("reload", "--config", lost)
    equal(done.status, 2, f"{done}")
    check("/nowhere/token" in done.err and "--token-file" in done.err, f"{done}")
    equal(len(server.requests()), before, "it was not sent without its token")
    two_lines = folder.file("two_lines", "token\r\nX-Evil: 1\n")
    done = ringctl("reload", "--token-file", two_lines, admin=server)
    check(done.status == 2 and "a token is one line" in done.err, f"{done}")


def test():
    with stand_in("one") as one, stand_in("two") as two, stand_in("three") as three, TemporaryFolder() as folder:
        addresses(one, two, three, folder)
        tokens(one, folder)


if __name__ == "__main__":
    main(test)
