"""pytest inside the program: its own plugins, assertion rewriting, fixtures, a conftest, parametrised and failing tests."""

import io
import re
import sys
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path

import pytest

print("pytest", version("pytest"), "pluggy", version("pluggy"), flush=True)
HERE = Path(__file__).parent


class Outcomes:
    """A plugin that counts."""

    def __init__(self):
        self.reports = []

    def pytest_runtest_logreport(self, report):
        """Each test's call, and what was skipped before it."""
        if report.when == "call" or report.skipped:
            self.reports.append((report.nodeid.rsplit("/", 1)[-1], report.outcome, hasattr(report, "wasxfail")))


def run(*arguments):
    """One session: its exit status, its outcomes, what it said."""
    plugin, text = Outcomes(), io.StringIO()
    with redirect_stdout(text):
        status = pytest.main(["-p", "no:cacheprovider", "--color=no", "-c", "/dev/null", *arguments], plugins=[plugin])
    return int(status), sorted(plugin.reports), text.getvalue()


status, reports, text = run("--rootdir", str(HERE), str(HERE / "suite"))
print("status", status)
for name, outcome, is_expected in reports:
    print(name, outcome, is_expected)
print(re.sub(r" in [\d.]+s", "", text.splitlines()[-1]))
print("rewritten", *[line for line in text.splitlines() if line.startswith("E ")], sep="\n")
print("conftest was rewritten", "assert 3 == 4" in text)
print("by package name", run("-q", "--pyargs", "checks")[:2])
print("capture", "captured words" in text, "doctests", run("--doctest-modules", "--rootdir", str(HERE), str(HERE / "checks"))[:2])
print(run("--fixtures", "-q", str(HERE / "suite"))[2].count("numbers") > 0, "pytest" in sys.modules)
