# No PYTHON* variable reaches a frozen program.
#| Env: PYTHONPATH=/tmp/hostile
#| Env: PYTHONHOME=/tmp/nowhere
#| Env: PYTHONSTARTUP=/tmp/startup.py
#| Env: PYTHONWARNINGS=error
#| Env: PYTHONOPTIMIZE=2
#| Env: PYTHONUTF8=0
#| Env: PYTHONHASHSEED=0
#| Env: PYTHONVERBOSE=1
#| Env: PYTHONINSPECT=1
#| Env: PYTHONDEVMODE=1
#| Env: PYTHONIOENCODING=latin-1
#| Env: PYTHONMALLOC=debug
#| Env: PYTHONPROFILEIMPORTTIME=1
#| Env: PYTHONSAFEPATH=1
#| Env: PYTHONTRACEMALLOC=5
#| Env: PYTHONUSERBASE=/tmp/hostile
#| Env: PYTHONPLATLIBDIR=nowhere
#| Env: PYTHONPYCACHEPREFIX=/tmp/cache
#| ExpectStdout: True False False 0 0 True utf-8
#| ExpectStdout: warned
#| ExpectStdout: True
import os
import sys
import tracemalloc
import warnings

print(all(path.startswith("/proc/self/exe") for path in sys.path), "/tmp/hostile" in sys.path, sys.flags.dev_mode, sys.flags.optimize, sys.flags.verbose, __debug__, sys.stdout.encoding)
warnings.filterwarnings("ignore")
warnings.warn("no error")
print("warned")
print(os.environ["PYTHONPATH"] == "/tmp/hostile" and not tracemalloc.is_tracing() and sys.pycache_prefix is None)
