"""typer, click and rich: help pages, prompts, errors, tables, progress, pretty tracebacks, the emoji and spinner tables."""

import io
from enum import StrEnum
from importlib.metadata import version

import click
import rich.traceback
import typer
from click.testing import CliRunner as ClickRunner
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import track
from rich.syntax import Syntax
from rich.table import Table
from rich.tree import Tree
from typer.testing import CliRunner

print({name: version(name) for name in ("typer", "click", "rich", "pygments")}, flush=True)
app = typer.Typer(help="Frozen [bold]words[/bold].", rich_markup_mode="rich")


class Color(StrEnum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


@app.command()
def paint(what: str, color: Color = Color.RED, times: int = typer.Option(1, min=1, max=3, help="How often.")):
    """Paints something."""
    typer.echo(" ".join([f"{what} in {color}"] * times))


@app.command()
def ask(name: str = typer.Option(..., prompt=True, confirmation_prompt=True)):
    """Asks."""
    typer.secho(f"Hello {name}", fg="green")


runner = CliRunner()
for arguments in (["--help"], ["paint", "--help"], ["paint", "wall", "--times", "2"], ["paint", "--color", "pink", "x"], ["pant"]):
    result = runner.invoke(app, arguments, env={"COLUMNS": "90", "TERM": "dumb"})
    print(result.exit_code, result.output)
print(runner.invoke(app, ["ask"], input="Zoë\nZoë\n").output)


@click.group()
@click.version_option(package_name="rich", message="%(package)s %(version)s")
def group():
    """A group."""


print(ClickRunner().invoke(group, ["--version"]).output == f"rich {version('rich')}\n", ClickRunner().invoke(group, []).output)
console = Console(file=io.StringIO(), width=70, color_system="truecolor", force_terminal=True, legacy_windows=False)
table = Table("Name", "Größe", title="Table :tada:")
table.add_row("[red]a[/]", "日本")
tree = Tree("root")
tree.add("leaf").add(":snake: twig")
console.print(table, tree, Markdown("# Title\n* item `code`\n"), Syntax("def f(x): return x", "python", line_numbers=True))
for _ in track(range(3), console=console, disable=True):
    pass
console.print({"key": [1, 2.5, None, "text"]}, 3 + 4j, sep="|")
print(console.file.getvalue())
try:
    [][5]
except IndexError:
    plain = Console(file=io.StringIO(), width=80, color_system=None)
    plain.print(rich.traceback.Traceback(show_locals=False))
    print([line for line in plain.file.getvalue().splitlines() if "[][5]" in line or "IndexError" in line])
