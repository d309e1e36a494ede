"""204 and 304 end with their head, whatever their fields say, and the connections stay in step."""

from harness import check, equal, forward_to, header, main, Origin, Ringway


def test():
    def answer(request):
        status = int(request.target[1:])
        return header(status, {"ETag": '"x"'} | ({"Content-Length": 500} if status == 304 else {}))

    with Origin(answer) as origin, Ringway(forward_to(origin)) as ringway, ringway.client() as client:
        for status in (204, 304, 204, 304):
            reply = client.get(f"/{status}")
            equal((reply.status, reply.get("ETag")), (status, '"x"'), "reply")
        check(client.silent_for(0.1), "no byte follows")
        equal(origin.used_connections(), 1, "upstream connections")


if __name__ == "__main__":
    main(test)
