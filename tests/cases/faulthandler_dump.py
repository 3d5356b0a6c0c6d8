# faulthandler shows the stack of every thread, and can be told to do so later.
#| SameAsPython
import faulthandler
import io
import sys
import tempfile
import time

print(faulthandler.is_enabled())
with tempfile.TemporaryFile("w+") as file:
    faulthandler.dump_traceback(file=file, all_threads=False)
    file.seek(0)
    print([line.split(" in ")[-1] for line in file.read().splitlines()][-1:])
with tempfile.TemporaryFile("w+") as file:
    faulthandler.dump_traceback_later(0.05, file=file)
    time.sleep(0.5)
    faulthandler.cancel_dump_traceback_later()
    file.seek(0)
    print("Timeout" in file.read())
faulthandler.enable()
print(faulthandler.is_enabled(), io.DEFAULT_BUFFER_SIZE, sys.flags.inspect)
