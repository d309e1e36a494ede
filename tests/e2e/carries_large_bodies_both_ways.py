"""Bodies of 50 MB pass unharmed in both directions at once."""

import threading
import zlib

from harness import check, equal, forward_to, header, main, Origin, pattern, response, Ringway, SLOW


SIZE = 50_000_000


def test():
    blob = pattern(1_000_000, 9)
    wanted = 0
    for _ in range(SIZE // len(blob)):
        wanted = zlib.crc32(blob, wanted)

    def answer(request):
        connection = request.connection
        if request.method == "POST":
            got, left = 0, SIZE
            while left:
                piece = connection.reader.exactly(min(left, 1_000_000))
                got = zlib.crc32(piece, got)
                left -= len(piece)
            return response(200, str(got))
        connection.send(header(200, {"Content-Length": SIZE}))
        for _ in range(SIZE // len(blob)):
            connection.send(blob)
        return None

    def upload(client):
        client.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {SIZE}\r\n\r\n")
        for _ in range(SIZE // len(blob)):
            client.send(blob)
        equal(client.reply().text(), str(wanted), "checksum at the origin")

    def download(client):
        client.ask("GET", "/")
        equal(client.reply_head().status, 200, "status")
        equal(zlib.crc32(client.reader.exactly(SIZE)), wanted, "checksum at the client")

    with Origin(answer, read_body=False) as origin, Ringway(forward_to(origin)) as ringway:
        faults = []

        def run(action):
            try:
                with ringway.client(seconds=40) as client:
                    action(client)
            except BaseException as error:
                faults.append(error)

        threads = [threading.Thread(target=run, args=(action,)) for action in (upload, download)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]
        check(ringway.rss_bytes() < 400_000_000 * SLOW, f"resident memory {ringway.rss_bytes()}")


if __name__ == "__main__":
    main(test)
