"""/status, /shards and /config show what the process is, has done and goes by; secrets are hidden."""

import json
import os

from harness import Load, Program, Ringway, check, equal, eventually, forward_to, main, upstream


def test():
    with Program("a") as a, Program("b") as b:
        keys = 'headers = { "X-Key" = { env = "RINGWAY_TEST_KEY" }, "X-Plain" = "plain" }'
        body = forward_to(upstream(a, keys), b)
        secret = "a-secret-of-the-test"
        with Ringway(body, shards="count = 2", environment={"RINGWAY_TEST_KEY": secret}) as ringway:
            started = ringway.page("/status")
            equal((started["pid"], started["shards"], started["pools"]), (ringway.process.pid, 2, 1), "what it is")
            equal((started["phase"], started["generation"]), ("accepting", 1), "its life")
            equal(started["config_file"], ringway.config, "its file")
            with Load(ringway, clients=4, pause=0.001) as load:
                load.more(500)
                busy = ringway.page("/status")
            check(busy["active"]["connections"] >= 1, "connections")
            check(busy["rates"]["requests"] > 10, f"rates {busy['rates']}")
            eventually(
                lambda: ringway.page("/status")["totals"]["requests"] == len(load.answers), "every request is counted"
            )
            after = ringway.page("/status")
            check(after["uptime_seconds"] > started["uptime_seconds"], "time passes")
            check(after["totals"]["sent_bytes"] > 1000, "bytes")
            equal((after["totals"]["errors"], after["trouble"]), (0, []), "no trouble")
            shards = ringway.page("/shards")
            equal([shard["shard"] for shard in shards], [0, 1], "shards")
            equal(sum(shard["requests"] for shard in shards), len(load.answers), "requests of the shards")
            check(sum(shard["cpu_seconds"] for shard in shards) > 0, "CPU time")
            check(
                sum(shard["cpu_seconds"] for shard in shards) <= after["cpu_seconds"] + 0.5,
                "not more than the process has",
            )
            check(all(shard["turns"] > 0 and shard["buffers"]["count"] > 0 for shard in shards), "figures")

            config = ringway.page("/config")
            check(secret not in json.dumps(config), "no secret")
            headers = {one["name"]: one["value"] for one in config["pool"][0]["upstream"][0]["headers"]}
            equal(headers, {"X-Key": "***", "X-Plain": "plain"}, "headers")
            equal(config["pool"][0]["breaker"]["recovery_timeout"], "10s", "a default")
            equal(config["process"]["graceful_timeout"], "2s", "what the file says")
            equal(config["listener"][0]["address"], f"127.0.0.1:{ringway.port}", "a listener")
            for name in ("success", "success_timestamp_seconds"):
                check(ringway.metric(f"ringway_config_last_reload_{name}") > 0, f"{name} in /metrics")
            equal(ringway.metric("ringway_config_generation"), 1, "the generation in /metrics")
            a.kill()
            b.kill()
            eventually(lambda: ringway.get("/").status != 200, "they are gone")
            trouble = eventually(lambda: ringway.page("/status")["trouble"], "trouble")
            equal((trouble[0]["pool"], bool(trouble[0]["upstreams_out"])), ("main", True), "what is wrong")
            check(os.path.exists(ringway.config), "the file is there still")


if __name__ == "__main__":
    main(test)
