# Tracing, profiling and monitoring see code that was there before the program began.
#| SameAsPython
#| Stdin: c\n
import cProfile
import io
import json
import pdb
import pstats
import sys
import tracemalloc

tracemalloc.start()
blocks = [bytes(1000) for _ in range(100)]
print(tracemalloc.get_traced_memory()[0] > 100_000, tracemalloc.get_object_traceback(blocks[0]) is not None)
tracemalloc.take_snapshot()
tracemalloc.stop()
events = []


def trace(frame, event, argument):
    events.append((frame.f_code.co_name, event))
    return trace


sys.settrace(trace)
json.dumps({"a": [1, 2]}, indent=1)
sys.settrace(None)
print(len(events) > 10, events[0])
names = []
monitoring = sys.monitoring
monitoring.use_tool_id(1, "test")
monitoring.register_callback(1, monitoring.events.PY_START, lambda code, _: names.append(code.co_name))
monitoring.set_events(1, monitoring.events.PY_START)
json.dumps({"a": 1}, indent=1)
monitoring.set_events(1, 0)
print(names)
profile = cProfile.Profile()
profile.runcall(json.loads, "[1]")
text = io.StringIO()
pstats.Stats(profile, stream=text).print_stats()
print("raw_decode" in text.getvalue())


def stepped():
    value = 1
    return value + 1


pdb.run("stepped()", globals())
print("alive")
