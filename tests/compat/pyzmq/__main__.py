"""pyzmq: sockets in one process and over the loopback interface, encryption by the bundled libsodium, asyncio."""

import asyncio
import threading
from importlib.metadata import version

import zmq
import zmq.asyncio
import zmq.backend
import zmq.utils.z85

print("pyzmq", version("pyzmq"), "libzmq", zmq.zmq_version(), flush=True)
print(zmq.backend.Socket.__module__, {name: zmq.has(name) for name in ("curve", "ipc", "gssapi", "draft")})
context = zmq.Context()

with context.socket(zmq.PAIR) as left, context.socket(zmq.PAIR) as right:
    left.bind("inproc://pair")
    right.connect("inproc://pair")
    left.send_json({"a": "ü"})
    right.send_multipart([b"one", b"two"])
    print("inproc", right.recv_json(), left.recv_multipart())


def serve(server, count):
    """Answers in a thread."""
    for _ in range(count):
        server.send_pyobj(sum(server.recv_pyobj()))


with context.socket(zmq.REP) as server, context.socket(zmq.REQ) as client:
    port = server.bind_to_random_port("tcp://127.0.0.1")
    client.connect(f"tcp://127.0.0.1:{port}")
    thread = threading.Thread(target=serve, args=(server, 3))
    thread.start()
    for number in range(3):
        client.send_pyobj([number, 40])
        print("tcp", client.recv_pyobj())
    thread.join()

public, secret = zmq.curve_keypair()
print("keys", len(public), len(secret), zmq.curve_public(secret) == public, len(zmq.utils.z85.decode(public)))
with context.socket(zmq.PUSH) as push, context.socket(zmq.PULL) as pull:
    pull.curve_server, pull.curve_secretkey, pull.curve_publickey = True, secret, public
    port = pull.bind_to_random_port("tcp://127.0.0.1")
    push.curve_serverkey = public
    push.curve_publickey, push.curve_secretkey = zmq.curve_keypair()
    push.connect(f"tcp://127.0.0.1:{port}")
    push.send(b"encrypted")
    print("curve", pull.poll(20000) and pull.recv(), pull.poll(0))


async def main():
    """The asyncio sockets, publishing."""
    context = zmq.asyncio.Context()
    with context.socket(zmq.XPUB) as publisher, context.socket(zmq.SUB) as subscriber:
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        subscriber.connect(f"tcp://127.0.0.1:{port}")
        subscriber.subscribe("a")
        print("subscribed", await publisher.recv())
        await publisher.send_multipart([b"b", b"no"])
        await publisher.send_multipart([b"a", b"yes"])
        print("asyncio", await subscriber.recv_multipart())
    context.term()


asyncio.run(main())
try:
    context.socket(zmq.REP).bind("tcp://nothing")
except zmq.ZMQError as error:
    print(type(error).__name__, error)
context.destroy(0)
