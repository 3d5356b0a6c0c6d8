"""Runs the tests that a package ships, by pytest inside this program, and prints how they ended.

`suites [--details] module…`: the modules are named as imports name them, such as `numpy.linalg.tests`.
"""

import collections
import io
import os
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout

import hypothesis
import pytest


class Outcomes:
    """A plugin that keeps how each test ended."""

    def __init__(self):
        self.counts = collections.Counter()
        self.bad = []

    def pytest_collectreport(self, report):
        """A module that can't be collected."""
        if report.failed:
            self.note("collection error", report)
        elif report.skipped:
            self.counts["skipped module"] += 1

    def pytest_runtest_logreport(self, report):
        """One of the three phases of a test."""
        if hasattr(report, "wasxfail"):
            self.counts["xpassed" if report.passed and report.when == "call" else "xfailed"] += report.when != "teardown"
        elif report.skipped:
            self.counts["skipped"] += 1
        elif report.failed:
            self.note("failed" if report.when == "call" else "error", report)
        elif report.when == "call":
            self.counts["passed"] += 1

    def note(self, word, report):
        """Something went wrong."""
        self.counts[word] += 1
        self.bad.append((f"{word}: {report.nodeid.rpartition('site-packages/')[2]}", report.longreprtext))


def main():
    """One session for all modules."""
    is_detailed = "--details" in sys.argv
    modules = [argument for argument in sys.argv[1:] if argument != "--details"]
    # The same examples each time, and none kept on disk.
    hypothesis.settings.register_profile("frozen", derandomize=True, database=None, deadline=None)
    options = ["-p", "no:cacheprovider", "-p", "no:faulthandler", "-W", "ignore", "-c", os.devnull, "-m", "not slow", "-q"]
    outcomes = Outcomes()
    text = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(text), redirect_stderr(text):
        status = pytest.main([*options, "--hypothesis-profile=frozen", "--pyargs", *modules], plugins=[outcomes])
    print("status", int(status), dict(sorted(outcomes.counts.items())))
    for name, report in sorted(outcomes.bad):
        print(name)
        if is_detailed:
            print(report)
    if not outcomes.counts["passed"]:
        print(text.getvalue())


if __name__ == "__main__":
    main()
