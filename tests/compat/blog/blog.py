"""A blog: flask with templates, sqlite and its own test client and server."""

import logging
import sqlite3
import sys
import threading
import urllib.request
from pathlib import Path

import flask
from werkzeug.serving import make_server

DATABASE = Path("blog.sqlite3")
app = flask.Flask(__name__)


def connect():
    """The database in the working folder."""
    connection = sqlite3.connect(DATABASE)
    connection.execute("CREATE TABLE IF NOT EXISTS posts (id INTEGER PRIMARY KEY, title TEXT, body TEXT)")
    return connection


@app.get("/")
def index():
    """All posts."""
    with connect() as connection:
        return flask.render_template("index.html", posts=connection.execute("SELECT id, title FROM posts").fetchall())


@app.get("/<int:number>")
def post(number):
    """One post."""
    with connect() as connection:
        found = connection.execute("SELECT title, body FROM posts WHERE id = ?", (number,)).fetchone()
    return flask.render_template("post.html", title=found[0], body=found[1]) if found else flask.abort(404)


def main():
    """`post TITLE BODY`, `show PATH`, `serve`."""
    match sys.argv[1:]:
        case ["post", title, body]:
            with connect() as connection:
                connection.execute("INSERT INTO posts (title, body) VALUES (?, ?)", (title, body))
        case ["show", path]:
            answer = app.test_client().get(path)
            print(answer.status, answer.content_type)
            print(answer.text)
        case ["serve"]:
            # Its log has the time of day.
            logging.getLogger("werkzeug").setLevel(logging.ERROR)
            server = make_server("127.0.0.1", 0, app)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            print(opener.open(f"http://127.0.0.1:{server.server_port}/1", timeout=30).read().decode())
            server.shutdown()
    return 0
