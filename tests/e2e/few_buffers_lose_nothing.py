"""With far fewer receive buffers than connections everything still arrives, only later."""

import threading
import zlib

from harness import check, equal, forward_to, main, Origin, pattern, response, Ringway


def test():
    def answer(request):
        return response(200, pattern(200_000, len(request.body)))

    with Origin(answer) as origin, Ringway(
        forward_to(origin), shards='buffer_count = 16\nbuffer_bytes = "4KiB"'
    ) as ringway:
        faults = []

        def work(seed):
            try:
                with ringway.client(seconds=40) as client:
                    for number in range(5):
                        body = pattern(30_000 + seed * 100 + number, seed)
                        reply = client.post("/", body)
                        equal(zlib.crc32(reply.body), zlib.crc32(pattern(200_000, len(body))), "body")
            except BaseException as error:
                faults.append(error)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]
        check(ringway.metric("ringway_shard_buffers_exhausted_total") > 0, "buffers did run out")


if __name__ == "__main__":
    main(test)
