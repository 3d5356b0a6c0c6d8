"""httpx and requests against a TLS server on the loopback interface whose certificate they are given by path."""

import asyncio
import http.server
import ssl
import threading
from importlib.metadata import version
from pathlib import Path

import certifi
import httpx
import requests

NAMES = ("httpx", "httpcore", "h11", "anyio", "requests", "urllib3", "charset-normalizer", "certifi", "idna")
print({name: version(name) for name in NAMES}, flush=True)
HERE = Path(__file__).parent


class Handler(http.server.BaseHTTPRequestHandler):
    """Says what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        """Answers with the length of the body."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        text = f"{self.command} {self.path} {len(body)} ünd mehr".encode("latin-1")
        self.send_response(302 if self.path == "/away" else 200)
        if self.path == "/away":
            self.send_header("Location", "/here")
        self.send_header("Content-Type", "text/plain; charset=latin-1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST

    def log_message(self, *_):
        """Says nothing."""


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(HERE / "server.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"https://127.0.0.1:{server.server_port}"
trust = str(HERE / "server.pem")

with requests.Session() as session:
    session.verify = trust
    answer = session.post(url + "/a?b=ü", data={"x": "y" * 100})
    print(answer.status_code, answer.text, answer.encoding)
    answer = session.get(url + "/away")
    print([step.status_code for step in answer.history], answer.text, answer.apparent_encoding is not None)
with httpx.Client(verify=ssl.create_default_context(cafile=trust), follow_redirects=True) as client:
    print(client.post(url + "/a", json={"x": "ü"}).text, client.get(url + "/away").url.path)


async def main():
    """The asynchronous client."""
    async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=trust)) as client:
        answers = await asyncio.gather(*(client.get(f"{url}/{number}") for number in range(5)))
        print([answer.text.split()[1] for answer in answers])


asyncio.run(main())
for fetch in (lambda: requests.get(url, timeout=20), lambda: httpx.get(url, timeout=20)):
    try:
        fetch()
    except (requests.exceptions.SSLError, httpx.ConnectError) as error:
        print(type(error).__module__, type(error).__name__, "certificate verify failed" in str(error))
print(requests.certs.where() == certifi.where(), requests.utils.DEFAULT_CA_BUNDLE_PATH == certifi.where())
print(httpx.URL("http://bücher.example/ä").raw_path, requests.Request("GET", "http://bücher.example").prepare().url)
