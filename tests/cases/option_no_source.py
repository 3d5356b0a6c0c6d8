# Without sources everything runs; only source lines are missing.
#| Freeze: --source none
#| ExpectStatus: 1
#| ExpectStdout: None True OSError
#| ExpectError: File "<root>/option_no_source.py", line 21, in fail
#| ExpectError: ZeroDivisionError: division by zero
import inspect
import sys

import json


def words():
    try:
        return inspect.getsource(words)
    except OSError as error:
        return type(error).__name__


def fail():
    return 1 / 0


print(json.__loader__.get_source("json"), sys.frozen, words())
fail()
