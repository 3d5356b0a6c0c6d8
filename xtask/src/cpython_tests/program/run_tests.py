"""Runs one of CPython's test modules with CPython's own runner, and writes down every test's outcome as it is known.

Comes in: the name of a module. Goes out: a file of JSON lines, the first about the process, each other one
[outcome, test, details]. A test that has only the outcome `start` did not end.
"""

import gc
import json
import multiprocessing.spawn
import signal
import sys
import sysconfig
import traceback

# Everything but what needs the network, much memory, much time or a display.
RESOURCES = "all,-audio,-cpu,-gui,-largefile,-network,-tzdata,-urlfetch,-walltime"
# unittest's names for what can become of a test.
OUTCOMES = {
    "startTest": "start",
    "addSuccess": "ok",
    "addError": "error",
    "addFailure": "fail",
    "addSkip": "skip",
    "addExpectedFailure": "expected failure",
    "addUnexpectedSuccess": "unexpected success",
}


def main(results, executable, module, seconds):
    """Runs `module`; `results` is the file to be written, `executable` what is to be `sys.executable`, if not empty."""
    file = open(results, "w", encoding="utf-8", errors="backslashreplace")
    # Only a process that had its memory from a snapshot starts with objects that no collection looks at.
    write(file, "restored" if gc.get_freeze_count() else "ordinary", "", "")
    if executable:
        sys.executable = sys._base_executable = executable
        multiprocessing.spawn.set_executable(executable)
    # Shells start what runs in the background with this signal ignored, which tests don't expect.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # As a Python that was built with its test modules would say.
    sysconfig.get_config_vars()["TEST_MODULES"] = "yes"
    from test.libregrtest import main, testresult

    watch(file, testresult.RegressionTestResult)
    # The same order and the same random numbers in every run.
    sys.argv[1:] = ["-v", "--randseed", "1", "-u", RESOURCES, "--timeout", seconds, module]
    main.main()


def write(file, outcome, test, details):
    file.write(json.dumps([outcome, test, details]) + "\n")
    file.flush()


def watch(file, result_class):
    for method in OUTCOMES:
        setattr(result_class, method, watched(file, method, getattr(result_class, method)))
    add_sub_test = result_class.addSubTest

    def addSubTest(self, test, subtest, error):
        if error is not None:
            outcome = "fail" if issubclass(error[0], test.failureException) else "error"
            write(file, outcome, name_of(subtest), text_of(error))
            # The test itself gets no outcome then.
            write(file, outcome, name_of(test), "")
        add_sub_test(self, test, subtest, error)

    result_class.addSubTest = addSubTest


def watched(file, method, function):
    def replacement(self, test, *details):
        write(file, OUTCOMES[method], name_of(test), text_of(*details))
        return function(self, test, *details)

    return replacement


def name_of(test):
    # What stands for a class or a module that could not be set up is no test case.
    return test.id() if hasattr(test, "id") else str(test)


def text_of(details=""):
    return "".join(traceback.format_exception(*details)) if isinstance(details, tuple) else str(details)
