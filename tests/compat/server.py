"""A web server on the loopback interface that always says the same; prints its URL first."""

import http.server
import json


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every request with what it was."""

    def do_GET(self):
        """Any method."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = json.dumps({"method": self.command, "path": self.path, "body": body.decode()}).encode()
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *arguments):
        """Quiet."""


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
