"""Jinja2 with MarkupSafe's compiled escaping; templates from a package's data, and errors that name template lines."""

import asyncio
import traceback
from importlib.metadata import version
from pathlib import Path

import jinja2
import markupsafe
import markupsafe._speedups

print("Jinja2", version("jinja2"), "MarkupSafe", version("markupsafe"), flush=True)
print("speedups", markupsafe._escape_inner is markupsafe._speedups._escape_inner)

environment = jinja2.Environment(
    loader=jinja2.ChoiceLoader([
        jinja2.PackageLoader("site_theme"),
        jinja2.FileSystemLoader(Path(__file__).parent / "pages"),
    ]),
    autoescape=True,
    extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", "jinja2.ext.i18n"],
    enable_async=True,
)
environment.install_gettext_callables(lambda text: text.upper(), lambda one, many, count: one if count == 1 else many)
print(environment.list_templates())
page = environment.get_template("page.html")
print(page.render(title="<Größe>", items=["a & b", markupsafe.Markup("<b>c</b>")]))
print(asyncio.run(page.render_async(title="async", items=[])))
print(markupsafe.escape("<'\">&"), markupsafe.Markup("<i>%s</i>") % "<x>", markupsafe.Markup("a&lt;<b>c").striptags())
try:
    environment.get_template("broken.html").render(items=[0])
except ZeroDivisionError:
    last = traceback.format_exc().splitlines()
    print([line.strip() for line in last if "pages" in line][-1].rsplit("/", 1)[1], last[-1])
for name in ("syntax.html", "missing.html"):
    try:
        environment.get_template(name)
    except jinja2.TemplateError as error:
        print(type(error).__name__, error.message, getattr(error, "lineno", None))
