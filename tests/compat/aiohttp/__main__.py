"""aiohttp: a server and a client on the loopback interface, with the compiled parsers and multidict, yarl, frozenlist."""

import asyncio
import importlib.resources
from importlib.metadata import version

import aiohttp
import frozenlist
import multidict
import propcache
import yarl
from aiohttp import http_parser, http_writer, web

NAMES = ("aiohttp", "multidict", "yarl", "frozenlist", "propcache")
print({name: version(name) for name in NAMES}, flush=True)
print("parser", http_parser.HttpRequestParser.__module__, http_writer._serialize_headers.__module__)
print(multidict.MultiDict.__module__, frozenlist.FrozenList.__module__, propcache.cached_property.__module__)


async def hello(request):
    """JSON from query and body."""
    return web.json_response({"query": dict(request.query), "body": (await request.post()).getall("a", [])})


async def stream(request):
    """Chunks, compressed."""
    response = web.StreamResponse()
    response.enable_compression()
    await response.prepare(request)
    for number in range(3):
        await response.write(f"part {number};".encode())
    return response


async def echo(request):
    """A web socket."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data[::-1])
        await socket.close()
    return socket


async def main():
    """All of it."""
    app = web.Application()
    app.add_routes([web.post("/hello", hello), web.get("/stream", stream), web.get("/echo", echo)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = yarl.URL.build(scheme="http", host="127.0.0.1", port=runner.addresses[0][1])
    async with aiohttp.ClientSession(base) as session:
        form = aiohttp.FormData([("a", "1"), ("a", "ü")])
        async with session.post(yarl.URL("/hello").with_query(q="ä b"), data=form) as answer:
            print(answer.status, answer.content_type, await answer.json())
        async with session.get("/stream") as answer:
            print(answer.headers.getall("Content-Encoding"), await answer.text())
        async with session.ws_connect("/echo") as socket:
            await socket.send_str("nezorf")
            print("websocket", await socket.receive_str())
        async with session.get("/nothing") as answer:
            print(answer.status, answer.reason, await answer.text())
        results = await asyncio.gather(*(session.post("/hello", data={"a": str(number)}) for number in range(20)))
        print([(await answer.json())["body"][0] for answer in results])
    await runner.cleanup()
    try:
        async with aiohttp.ClientSession() as session:
            await session.get(base)
    except aiohttp.ClientConnectorError as error:
        print(type(error).__name__, error.os_error.errno)


asyncio.run(main())
