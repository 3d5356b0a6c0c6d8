"""Network: ssl, socket, select, asyncio, http, email, urllib."""

import asyncio
import email.message
import http.server
import os
import select
import selectors
import socket
import ssl
import threading
import urllib.parse
import urllib.request


def visit_ssl():
    """_ssl: a context with the host's certificates, and a handshake in memory that must fail for want of one."""
    context = ssl.create_default_context()
    yield context.verify_mode.name, context.check_hostname, ssl.HAS_TLSv1_3, ssl.HAS_SNI, ssl.OPENSSL_VERSION.split()[0]
    paths = ssl.get_default_verify_paths()
    yield paths.openssl_cafile_env, paths.openssl_capath_env
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="example.org")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        yield "client hello", outgoing.pending > 100
    yield len(ssl.RAND_bytes(8)), "TLS_AES_256_GCM_SHA384" in [cipher["name"] for cipher in context.get_ciphers()]


def visit_socket():
    """_socket and select."""
    left, right = socket.socketpair()
    with left, right, select.epoll() as poll:
        poll.register(right, select.EPOLLIN)
        yield poll.poll(0)
        left.sendall(b"ping")
        yield [event for _, event in poll.poll(1)] == [select.EPOLLIN], select.select([right], [], [], 1)[0] == [right], right.recv(4)
    yield socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, "::1")), socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)[0][4]
    yield type(selectors.DefaultSelector()).__name__


async def _echo():
    async def answer(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello\n")
        line = await reader.readline()
        writer.close()
        await writer.wait_closed()
    process = await asyncio.create_subprocess_exec("echo", "from a child", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.sleep(0.01, number)) for number in range(3)]
    return line, output, [task.result() for task in tasks], await asyncio.to_thread(os.path.basename, "/a/b")


def visit_asyncio():
    """_asyncio: streams, a subprocess, tasks, a thread."""
    yield asyncio.run(_echo())


def visit_http():
    """A server in a thread, and urllib as its client."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{server.server_port}/path?q=1", timeout=30) as answer:
            yield answer.status, answer.read()
        server.shutdown()
    message = email.message.EmailMessage()
    message["Subject"] = "Grüße"
    message.set_content("text")
    yield message.as_bytes(), urllib.parse.quote("a b/ü")
