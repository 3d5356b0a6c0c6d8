"""Fetches with requests and shows with rich."""

import requests
from rich.console import Console
from rich.table import Table


def show(urls, width, hidden=""):
    """Prints a table about `urls`; `hidden` is cut from them, so that output does not depend on a port."""
    table = Table(title="webget")
    for column in ("url", "status", "type", "bytes", "text"):
        table.add_column(column)
    with requests.Session() as session:
        # Proxies of the environment have no business on the loopback interface.
        session.trust_env = not hidden
        for url in urls:
            answer = session.get(url, timeout=30)
            kind = answer.headers.get("content-type", "?").partition(";")[0]
            text = answer.text.strip().partition("\n")[0]
            table.add_row(url.removeprefix(hidden), str(answer.status_code), kind, str(len(answer.content)), text[:40])
    Console(width=width, force_terminal=False, color_system=None).print(table)
