#!/usr/bin/env python3
"""Tests of ringorigin: the real binary, raw sockets. usage: ringorigin_test.py BINARY"""

import json
import os
import signal
import socket
import subprocess
import sys
import time

from raw_client import Client, Origin, fnv1a, pattern, took


def small_answer_has_eight_fields_and_128_bytes(origin):
    status, fields, body = origin.client().get("/")
    assert status == 200 and body == pattern(128), (status, body)
    assert len(fields) == 8 and fields["x-origin"] == "one" and fields["x-checksum"] == fnv1a(body), fields


def any_other_path_is_answered_like_the_root(origin):
    status, fields, body = origin.client().get("/some/where?x=1")
    assert status == 200 and len(body) == 128 and fields["x-answer"] == "fixed"


def fixed_bodies_of_all_sizes_are_the_pattern(origin):
    client = origin.client()
    for count in (0, 1, 4096, 4097, 65521, 65522, 300_000):
        _, fields, body = client.get(f"/fixed?bytes={count}")
        assert body == pattern(count), count
        assert fields["x-checksum"] == fnv1a(body), count


def a_large_body_arrives_whole_at_a_slow_reader(origin):
    client = origin.client()
    client.send(b"GET /fixed?bytes=20000000 HTTP/1.1\r\nHost: t\r\n\r\n")
    time.sleep(0.3)  # long enough for every socket buffer to be full
    _, _, body = client.response()
    assert body == pattern(20_000_000)
    assert client.get("/")[0] == 200


def chunks_have_the_size_asked_for(origin):
    client = origin.client()
    client.send(b"GET /chunked?bytes=10000&chunk=3000 HTTP/1.1\r\nHost: t\r\n\r\n")
    status, fields = client.head()
    chunks = client.chunks()
    assert [len(c) for c in chunks] == [3000, 3000, 3000, 1000]
    assert b"".join(chunks) == pattern(10000) and fields["x-checksum"] == fnv1a(pattern(10000))
    assert client.get("/")[0] == 200


def events_come_one_a_chunk_at_their_interval(origin):
    client = origin.client()
    client.send(b"GET /sse?events=3&interval=100ms HTTP/1.1\r\nHost: t\r\n\r\n")
    _, fields = client.head()
    assert fields["content-type"] == "text/event-stream"
    first, size = took(lambda: int(client.until(b"\r\n"), 16))
    event = client.exactly(size + 2)
    second, size = took(lambda: int(client.until(b"\r\n"), 16))
    assert event.startswith(b"id: 1\nevent: tick\ndata: {") and event.endswith(b"\n\n\r\n"), event
    assert first < 0.09 <= second < 1, (first, second)
    client.exactly(size + 2)
    assert len(client.chunks()) == 1


def an_old_client_gets_a_stream_that_ends_with_the_connection(origin):
    client = origin.client()
    client.send(b"GET /chunked?bytes=5000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    _, fields = client.head()
    assert "transfer-encoding" not in fields and client.rest() == pattern(5000)


def slow_answers_wait(origin):
    client = origin.client()
    seconds, (status, _, _) = took(lambda: client.get("/slow?delay=150ms"))
    assert 0.15 <= seconds < 1 and status == 200, seconds
    seconds, _ = took(lambda: client.get("/?delay=100ms"))
    assert 0.1 <= seconds < 1, seconds


def statuses_can_be_chosen(origin):
    client = origin.client()
    assert client.get("/fail")[0] == 503
    assert client.get("/fail?status=502")[0] == 502
    assert client.get("/x?status=404&bytes=5")[2] == pattern(5)
    status, fields, _ = client.get("/429?retry_after=3")
    assert status == 429 and fields["retry-after"] == "3"
    for bodyless in (204, 304):
        status, fields, _ = client.get(f"/?status={bodyless}")
        assert status == bodyless and "content-length" not in fields
    assert client.get("/")[0] == 200


def resets_come_before_or_within_the_answer(origin):
    client = origin.client()
    try:
        client.get("/reset")
        raise AssertionError("answered")
    except ConnectionResetError:
        pass
    client = origin.client()
    client.send(b"GET /reset?after=1000 HTTP/1.1\r\nHost: t\r\n\r\n")
    _, fields = client.head()
    assert int(fields["content-length"]) > 1000
    assert client.exactly(1000) == pattern(1000)
    try:
        client.fill()
        raise AssertionError("more than asked for, or no reset")
    except ConnectionResetError:
        pass


def stalls_stay_silent(origin):
    client = origin.client()
    client.send(b"GET /stall?after=10 HTTP/1.1\r\nHost: t\r\n\r\n")
    client.head()
    assert client.exactly(10) == pattern(10)
    silent = origin.client()
    silent.send(b"GET /stall HTTP/1.1\r\nHost: t\r\n\r\n")
    for each in (client, silent):
        each.socket.settimeout(0.2)
        try:
            each.fill()
            raise AssertionError("a byte or an end came")
        except TimeoutError:
            pass


def a_body_can_end_with_the_connection(origin):
    client = origin.client()
    status, fields, body = client.get("/close?bytes=70000")
    assert status == 200 and "content-length" not in fields and body == pattern(70000)


def echo_returns_the_body(origin):
    client = origin.client()
    sent = os.urandom(200_000)
    _, fields, body = client.post("/echo", sent)
    assert body == sent and fields["x-checksum"] == fnv1a(sent)
    coded = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n"
    _, _, body = client.get("/echo", "POST", "Transfer-Encoding: chunked\r\n", coded)
    assert body == b"hello world"


def request_bodies_are_read_to_their_end(origin):
    client = origin.client()
    assert client.post("/", b"G" * 1_000_000)[0] == 200
    assert client.get("/", "POST", "Transfer-Encoding: chunked\r\n", b"3\r\nGET\r\n0\r\n\r\n")[0] == 200
    assert client.get("/")[0] == 200


def headers_shows_what_was_received(origin):
    client = origin.client()
    _, _, body = client.get("/headers?a=b", "PUT", 'X-A: "q\\\r\nContent-Length: 3\r\n', b"abc")
    seen = json.loads(body)
    assert seen["method"] == "PUT" and seen["target"] == "/headers?a=b" and seen["origin"] == "one"
    assert ["X-A", '"q\\'] in seen["fields"] and ["Host", "test"] in seen["fields"]
    assert seen["body_bytes"] == 3 and seen["body_checksum"] == fnv1a(b"abc")


def expectations_are_met_before_the_body(origin):
    client = origin.client()
    client.send(b"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
    client.send(b"ok")
    assert client.response()[2] == b"ok"


def head_requests_have_no_body(origin):
    client = origin.client()
    for target in ("/", "/fixed?bytes=100000", "/chunked", "/sse", "/headers"):
        assert client.get(target, "HEAD")[0] == 200, target
    assert client.get("/")[2] == pattern(128)


def pipelined_requests_are_answered_in_order(origin):
    client = origin.client()
    sizes = [1, 70_000, 2, 5000, 3] * 20
    delays = ["&delay=5ms" if i % 7 == 0 else "" for i in range(len(sizes))]
    client.send(b"".join(f"GET /fixed?bytes={n}{d} HTTP/1.1\r\nHost: t\r\n\r\n".encode() for n, d in zip(sizes, delays)))
    for n in sizes:
        assert client.response()[2] == pattern(n), n


def a_pipeline_that_is_read_late_is_answered_whole(origin):
    client = origin.client()
    count = 60_000
    body = pattern(128)
    request = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n"
    left = memoryview(request * count)
    client.socket.settimeout(0.3)
    try:
        while left:
            left = left[client.socket.send(left):]
    except TimeoutError:
        pass  # both directions are full: the origin reads no more until its answers are taken
    client.socket.settimeout(5)
    for _ in range((len(request) * count - len(left)) // len(request)):
        assert client.response()[2] == body
    client.send(left[: len(left) % len(request)])  # what was sent of the last one is completed
    if len(left) % len(request):
        assert client.response()[2] == body
    assert client.get("/")[0] == 200


def requests_that_trickle_in_while_answers_wait_are_answered_whole(origin):
    client = origin.client()
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    for _ in range(300):  # about 12 MB of answers, a few of them at a time: more than the sockets hold
        client.send(b"GET /fixed?bytes=4000 HTTP/1.1\r\nHost: t\r\n\r\n" * 10)
        time.sleep(0.001)
    body = pattern(4000)
    for _ in range(3000):
        assert client.response()[2] == body


def a_half_closed_client_gets_its_answers(origin):
    client = origin.client()
    client.send(b"GET /fixed?bytes=9 HTTP/1.1\r\nHost: t\r\n\r\nGET /slow?delay=50ms&bytes=8 HTTP/1.1\r\nHost: t\r\n\r\n")
    client.socket.shutdown(socket.SHUT_WR)
    assert client.response()[2] == pattern(9)
    assert client.response()[2] == pattern(8)
    assert client.ended()


def a_head_may_arrive_byte_by_byte(origin):
    client = origin.client()
    for byte in b"GET / HTTP/1.1\r\nHost: t\r\n\r\n":
        client.send(bytes([byte]))
    assert client.response()[0] == 200


def connections_close_when_the_client_says_so(origin):
    client = origin.client()
    _, fields, _ = client.get("/", fields="Connection: close\r\n")
    assert fields["connection"] == "close" and client.ended()
    client = origin.client()
    client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    _, fields, _ = client.response()
    assert fields["connection"] == "keep-alive"
    client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert client.response()[0] == 200 and client.ended()


def bad_requests_are_refused_and_closed(origin):
    for bad in (
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n",
        b"GET /fixed?bytes=many HTTP/1.1\r\nHost: t\r\n\r\n",
        b"GET /?status=99 HTTP/1.1\r\nHost: t\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ):
        client = origin.client()
        client.send(bad)
        status, fields, _ = client.response()
        assert status == 400 and fields["connection"] == "close" and client.ended(), bad


def control_changes_every_answer_and_back(origin):
    client = origin.client()
    status, _, body = client.post("/_control?mode=fail&status=500")
    assert status == 200 and json.loads(body)["override"] is True
    try:
        assert client.get("/")[0] == 500 and client.get("/fixed?bytes=3")[0] == 500
        assert origin.client().get("/")[0] == 500
        assert json.loads(client.get("/_control")[2])["status"] == 500
        client.post("/_control?mode=429&retry_after=7")
        status, fields, _ = client.get("/")
        assert status == 429 and fields["retry-after"] == "7"
        client.post("/_control?mode=reset")
        try:
            origin.client().get("/")
            raise AssertionError("answered")
        except ConnectionResetError:
            pass
    finally:
        body = client.post("/_control?mode=default")[2]
    assert json.loads(body)["override"] is False and client.get("/")[0] == 200


def control_refuses_what_it_does_not_know(origin):
    for query in ("mode=fial", "mode=fail&stats=3", "", "mode=slow&delay=5"):
        assert origin.client().post("/_control?" + query)[0] == 400, query
    assert origin.client().get("/")[0] == 200


def health_stays_good_where_a_real_service_would_answer_it(origin):
    cases = {
        "mode=429": (429, 200), "mode=429&health=same": (429, 429), "mode=slow&delay=100ms": (200, 200),
        "mode=fail": (503, 503), "mode=fail&health=ok": (503, 200),
    }
    client = origin.client()
    try:
        for query, (status, health) in cases.items():
            assert client.post("/_control?" + query)[0] == 200, query
            assert client.get("/")[0] == status, query
            seconds, answered = took(lambda: client.get("/health"))
            assert answered[0] == health and seconds < 0.09, (query, seconds, answered[0])
        client.post("/_control?mode=slow&delay=100ms&health=same")
        assert took(lambda: client.get("/health"))[0] >= 0.1
        assert origin.client().post("/_control?mode=fail&health=no")[0] == 400
    finally:
        origin.client().post("/_control?mode=default")


def unix_sockets_are_served(origin):
    assert Client(origin.unix).get("/fixed?bytes=9000")[2] == pattern(9000)


def starting_and_stopping(binary):
    origin = Origin(binary, "--threads", "2", "--latency", "60ms", "--body-bytes", "5")
    clients = [origin.client() for _ in range(16)]
    for client in clients:
        seconds, (_, _, body) = took(lambda each=client: each.get("/"))
        assert seconds >= 0.06 and body == pattern(5), seconds
    clients[0].send(b"GET /stall HTTP/1.1\r\nHost: t\r\n\r\n")
    clients[1].send(b"GET /fixed?bytes=100000000 HTTP/1.1\r\nHost: t\r\n\r\n")
    time.sleep(0.1)
    origin.stop(signal.SIGINT)  # with connections in every state
    assert not os.path.exists(origin.unix)


def bad_arguments_are_named(binary):
    for arguments in ([], ["--listen", "nowhere"], ["--listen", "127.0.0.1:0", "--latency", "5"], ["--listen", "127.0.0.1:0", "--name", "a b"]):
        done = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=5)
        assert done.returncode != 0 and "--" in done.stderr + done.stdout, arguments
    done = subprocess.run([binary, "--help"], capture_output=True, text=True, timeout=5)
    assert done.returncode == 0 and "/_control" in done.stdout


WITH_ORIGIN = [
    small_answer_has_eight_fields_and_128_bytes,
    any_other_path_is_answered_like_the_root,
    fixed_bodies_of_all_sizes_are_the_pattern,
    a_large_body_arrives_whole_at_a_slow_reader,
    chunks_have_the_size_asked_for,
    events_come_one_a_chunk_at_their_interval,
    an_old_client_gets_a_stream_that_ends_with_the_connection,
    slow_answers_wait,
    statuses_can_be_chosen,
    resets_come_before_or_within_the_answer,
    stalls_stay_silent,
    a_body_can_end_with_the_connection,
    echo_returns_the_body,
    request_bodies_are_read_to_their_end,
    headers_shows_what_was_received,
    expectations_are_met_before_the_body,
    head_requests_have_no_body,
    pipelined_requests_are_answered_in_order,
    a_pipeline_that_is_read_late_is_answered_whole,
    requests_that_trickle_in_while_answers_wait_are_answered_whole,
    a_half_closed_client_gets_its_answers,
    a_head_may_arrive_byte_by_byte,
    connections_close_when_the_client_says_so,
    bad_requests_are_refused_and_closed,
    control_changes_every_answer_and_back,
    control_refuses_what_it_does_not_know,
    health_stays_good_where_a_real_service_would_answer_it,
    unix_sockets_are_served,
]


def main():
    binary = sys.argv[1]
    counts = {True: 0, False: 0}

    def run(test, argument):
        try:
            test(argument)
            counts[True] += 1
        except Exception as error:  # every failure of a test is reported, whatever it is
            print(f"FAIL {test.__name__}: {type(error).__name__}: {str(error)[:300]}")
            counts[False] += 1

    origin = Origin(binary)
    for test in WITH_ORIGIN:
        run(test, origin)
    run(lambda each: each.stop(), origin)
    run(starting_and_stopping, binary)
    run(bad_arguments_are_named, binary)
    print(f"{counts[True]} passed, {counts[False]} failed")
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
