# What only a frozen program has: sys.frozen, sys._MEIPASS, its own paths.
#| Args: a
#| ExpectStdout: True <root> True True
#| ExpectStdout: <root>/sys_frozen_facts.py <root>/sys_frozen_facts.py True
#| ExpectStdout: ['<root>', '<root>/lib/python3.13'] ['a']
#| ExpectStdout: None False
import os
import sys

print(sys.frozen, sys._MEIPASS, os.readlink("/proc/self/exe") == sys.executable, sys.executable == os.path.realpath(sys.executable))
print(__file__, sys._getframe().f_code.co_filename, os.path.basename(sys.orig_argv[0]) == "app")
print(sys.path[:2], sys.argv[1:])
print(__spec__, "site" in sys.modules)
