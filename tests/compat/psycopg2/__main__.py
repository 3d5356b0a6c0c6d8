"""psycopg2-binary and pycurl: bundled libpq, libcurl and their OpenSSL; the text of connection errors."""

import http.server
import io
import threading
from importlib.metadata import version

import psycopg2
import psycopg2.extensions
import pycurl

print("psycopg2", version("psycopg2-binary"), "pycurl", version("pycurl"), flush=True)
print(psycopg2.__libpq_version__ // 10000, psycopg2.extensions.libpq_version() == psycopg2.__libpq_version__)
print(psycopg2.extensions.adapt("it's").getquoted(), psycopg2.extensions.parse_dsn("host=h port=1"))
for text in ("host=127.0.0.1 port=1 connect_timeout=5", "nonsense", "host=/nowhere"):
    try:
        psycopg2.connect(text, user="me")
    except psycopg2.Error as error:
        print(type(error).__name__, str(error).strip())


class Handler(http.server.BaseHTTPRequestHandler):
    """Says what it was asked."""

    def do_GET(self):
        """Answers."""
        body = f"asked {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
body, headers = io.BytesIO(), []
curl = pycurl.Curl()
curl.setopt(curl.URL, f"http://127.0.0.1:{server.server_port}/path")
curl.setopt(curl.WRITEDATA, body)
curl.setopt(curl.HEADERFUNCTION, headers.append)
curl.perform()
print(body.getvalue(), curl.getinfo(curl.RESPONSE_CODE), headers[0])
print(pycurl.version_info()[1] in pycurl.version, "https" in pycurl.version_info()[8], pycurl.version.split("/")[0])
curl.setopt(curl.URL, "nothing://x")
try:
    curl.perform()
except pycurl.error as error:
    print(error)
server.shutdown()
