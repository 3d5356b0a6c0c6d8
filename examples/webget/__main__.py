"""Fetches pages and shows them: requests, rich, click and jinja2 in one program.

Without a URL it starts a server of its own on the loopback interface, so that it works without a network.
"""

import click

import demo_server
import report


@click.command()
@click.argument("urls", nargs=-1)
@click.option("--width", default=72, show_default=True, help="Columns of the table.")
@click.version_option("1.0.0", prog_name="webget")
def main(urls, width):
    """Fetch URLS and show a table of what came back."""
    if urls:
        report.show(urls, width)
        return
    with demo_server.running() as base:
        report.show([f"{base}/", f"{base}/data.json", f"{base}/missing"], width, hidden=base)


if __name__ == "__main__":
    main(prog_name="webget")
