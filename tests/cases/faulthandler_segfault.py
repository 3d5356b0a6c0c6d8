# faulthandler says where a crash happened, and the process dies by the signal.
#| ExpectStatus: SIGSEGV
#| ExpectError: Fatal Python error: Segmentation fault
#| ExpectError: File "<root>/faulthandler_segfault.py", line 16 in crash
#| ExpectError: File "<root>/faulthandler_segfault.py", line 19 in <module>
import faulthandler
import resource

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
faulthandler.enable()


def crash():
    import ctypes

    ctypes.string_at(0)


crash()
