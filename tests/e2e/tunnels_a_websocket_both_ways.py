"""A real WebSocket client and server exchange text, binary, ping and long messages through ringway, then close."""

import asyncio

import websockets

from harness import equal, forward_to, main, pattern, Ringway, SLOW


def test():
    async def serve(socket):
        async for message in socket:
            await socket.send(message)

    async def converse(port):
        async with websockets.connect(f"ws://127.0.0.1:{port}/chat", max_size=None) as socket:
            for message in ("hello", b"\x00\x01binary", "x" * 70_000, pattern(1_000_000, 1)):
                await socket.send(message)
                equal(await asyncio.wait_for(socket.recv(), 10 * SLOW), message, "echo")
            pong = await socket.ping()
            await asyncio.wait_for(pong, 5 * SLOW)
        equal(socket.close_code, 1000, "close code")

    async def run():
        async with websockets.serve(serve, "127.0.0.1", 0, max_size=None) as server:
            port = server.sockets[0].getsockname()[1]
            with await asyncio.to_thread(Ringway, forward_to(f"127.0.0.1:{port}")) as ringway:
                await asyncio.wait_for(asyncio.gather(*[converse(ringway.port) for _ in range(5)]), 40 * SLOW)
                upgrades = await asyncio.to_thread(ringway.metric, "ringway_shard_upgrades_total")
                equal(upgrades, 5, "upgrades counted")
                await asyncio.to_thread(ringway.stop)

    asyncio.run(run())


if __name__ == "__main__":
    main(test)
