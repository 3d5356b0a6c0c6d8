"""gevent and greenlet: switching, exceptions across greenlets, patched sockets, a server, pools, a child process."""

from gevent import monkey

monkey.patch_all()

import socket
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import version

import gevent
import gevent.core
import greenlet
from gevent import pool, pywsgi, queue, server, threadpool

print("gevent", version("gevent"), "greenlet", version("greenlet"), flush=True)
print(gevent.config.loop.__module__, gevent.config.resolver.__name__, greenlet.greenlet.__module__, monkey.is_module_patched("ssl"))


def nested(depth):
    """Switches from deep within the stack."""
    return greenlet.getcurrent().parent.switch("deep") if depth == 0 else nested(depth - 1)


gevent.get_hub().exception_stream = None
child = greenlet.greenlet(nested)
print(child.switch(200), child.switch("back"), child.dead)


def failing():
    """An error that comes out elsewhere."""
    gevent.sleep(0)
    raise ValueError("from a greenlet")


try:
    gevent.spawn(failing).get()
except ValueError as error:
    print(type(error).__name__, error)

started = time.monotonic()
jobs = [gevent.spawn(lambda number=number: (time.sleep(0.1), number)[1]) for number in range(50)]
gevent.joinall(jobs)
print(sum(job.value for job in jobs), time.monotonic() - started < 3)


def echo(connection, _):
    """Answers in capitals."""
    connection.sendall(connection.recv(100).upper())


with gevent.Timeout(20):
    listener = server.StreamServer(("127.0.0.1", 0), echo)
    listener.start()

    def ask(number):
        """One client."""
        with socket.create_connection(("127.0.0.1", listener.server_port)) as connection:
            connection.sendall(f"client {number}".encode())
            return connection.recv(100)

    print(pool.Pool(5).map(ask, range(4)))
    listener.stop()

    def hello(_, start):
        """A WSGI application."""
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"hello"]

    web = pywsgi.WSGIServer(("127.0.0.1", 0), hello, log=None)
    web.start()
    print(urllib.request.urlopen(f"http://127.0.0.1:{web.server_port}/").read())
    web.stop()
    channel = queue.Queue(1)
    gevent.spawn(lambda: [channel.put(number) for number in range(3)])
    print([channel.get() for _ in range(3)], threadpool.ThreadPool(2).apply(sum, ([1, 2],)))
    print(subprocess.run([sys.executable, "-c", "print('child')"], capture_output=True, text=True).stdout)
    print(socket.gethostbyname("127.0.0.1"), gevent.wait([gevent.spawn(gevent.sleep, 0)])[0].successful())
    try:
        with gevent.Timeout(0.05):
            gevent.sleep(5)
    except gevent.Timeout as timeout:
        print(timeout)
