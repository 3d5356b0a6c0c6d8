"""A small web server with a page made by jinja2, for trying webget without a network."""

import contextlib
import http.server
import json
import threading
from pathlib import Path

import jinja2

TEMPLATES = Path(__file__).parent / "templates"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers `/` and `/data.json`."""

    def do_GET(self):
        """One request."""
        environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
        if self.path == "/":
            page = environment.get_template("page.html").render(title="Frozen & fast", items=["one", "<two>", "three"])
            self.answer(200, "text/html; charset=utf-8", page)
        elif self.path == "/data.json":
            self.answer(200, "application/json", json.dumps({"squares": [number**2 for number in range(5)]}))
        else:
            self.answer(404, "text/plain; charset=utf-8", "nothing here")

    def answer(self, status, kind, text):
        """Sends one answer."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Quiet."""


@contextlib.contextmanager
def running():
    """Serves in a thread; gives the base URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
