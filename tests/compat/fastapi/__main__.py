"""FastAPI served by uvicorn on the loopback interface, with uvloop's event loop and httptools' parser, and queried."""

import asyncio
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from importlib.metadata import version

import httptools
import uvicorn
import uvloop
import websockets.sync.client
from fastapi import Depends, FastAPI, HTTPException, WebSocket
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

NAMES = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "pydantic")
print({name: version(name) for name in NAMES}, flush=True)


class Item(BaseModel):
    """What is posted."""

    name: str
    price: float = 1.5


@asynccontextmanager
async def lifespan(_):
    """Runs in the server's loop."""
    print("loop", type(asyncio.get_running_loop()).__module__)
    yield
    print("shut down")


app = FastAPI(title="Frozen", lifespan=lifespan)


@app.post("/items")
async def create(item: Item, factor: int = Depends(lambda factor=2: int(factor))):
    """Validated input."""
    return {"name": item.name, "total": item.price * factor}


@app.get("/items/{number}")
def read(number: int):
    """Runs in a thread of the pool."""
    if number > 9:
        raise HTTPException(404, detail="no such item")
    return {"number": number, "is_main_thread": threading.current_thread() is threading.main_thread()}


@app.get("/stream")
async def stream():
    """A body in parts."""
    return StreamingResponse((f"part {number};" for number in range(3)), media_type="text/plain")


@app.websocket("/echo")
async def echo(socket: WebSocket):
    """Says everything twice."""
    await socket.accept()
    await socket.send_text(await socket.receive_text() * 2)
    await socket.close()


def fetch(path, data=None):
    """Status and body."""
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(url + path, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


listener = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{listener.getsockname()[1]}"
server = uvicorn.Server(uvicorn.Config(app, loop="uvloop", http="httptools", log_level="warning"))
print(server.config.get_loop_factory().__name__, HttpToolsProtocol.__name__, uvloop.Loop.__module__, httptools.__name__)
thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
thread.start()
while not server.started:
    time.sleep(0.01)
print(fetch("/items", {"name": "bread"}), fetch("/items?factor=5", {"name": "milk"}))
print(fetch("/items", {"price": "x"}))
print(fetch("/items/3"), fetch("/items/12"), fetch("/stream"))
with websockets.sync.client.connect(url.replace("http", "ws") + "/echo") as connection:
    connection.send("hä")
    print("websocket", connection.recv())
print(sorted(json.loads(fetch("/openapi.json")[1])["paths"]), "swagger" in fetch("/docs")[1])
server.should_exit = True
thread.join()
