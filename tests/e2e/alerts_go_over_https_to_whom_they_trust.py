"""An https webhook gets alerts when its certificate is signed by whom the configuration trusts, and nothing otherwise."""

from harness import Program, Receiver, Ringway, TemporaryFolder, check, equal, eventually, forward_to, health_check, main
from harness import own_certificate, webhook


def test():
    with TemporaryFolder() as folder:
        certificate = own_certificate(folder)
        with Receiver(certificate=certificate) as receiver, Program("a") as a, Program("b") as b:
            body = forward_to(a, b, pool_keys=health_check(fall="2"))
            body += webhook("trusted", receiver.url("/trusted"), f'ca_file = "{certificate[0]}"')
            body += webhook("unknown", receiver.url("/unknown"), "retries_max = 1")
            with Ringway(body, environment={"no_proxy": "127.0.0.1"}) as ringway:
                ringway.wait_state(a, "healthy")
                a.kill()
                receiver.wait(kind="unhealthy", upstream="a")
                eventually(lambda: ringway.metric("ringway_alerts_failed_total", webhook="unknown") >= 1, "refused")
                equal({post.path for post in receiver.got()}, {"/trusted"}, "who was told")
                check("unknown was not told of an alert (SSL peer certificate" in ringway.stderr(), ringway.stderr())


if __name__ == "__main__":
    main(test)
