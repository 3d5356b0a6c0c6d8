# sys says what python says, and the few things that programs ask of a frozen one.
#| SameAsPython
#| Args: one --two
import os
import sys
import sysconfig

print(sys.version_info[:3], sys.implementation.name, sys.implementation.cache_tag, sys.platform, sys.byteorder, sys.maxunicode)
print(len(sys.argv), os.path.basename(sys.argv[0]) != "", sys.argv[1:], os.path.isfile(sys.executable), os.path.isabs(sys.executable))
print(sys.flags.optimize, sys.flags.debug, sys.flags.interactive, sys.flags.hash_randomization, sys.flags.int_max_str_digits, sys.getrecursionlimit())
print(sys.getdefaultencoding(), sys.getfilesystemencoding(), sys.getfilesystemencodeerrors(), sys.gettrace(), sys.getswitchinterval())
print(sys.stdlib_module_names >= {"json", "os"}, {"sys", "builtins", "_io"} <= set(sys.builtin_module_names), sys.api_version, sys.hexversion)
print(sysconfig.get_python_version(), sysconfig.get_config_var("EXT_SUFFIX").startswith(".cpython-313"), sysconfig.get_platform())
print(sorted(name for name in ("exit", "quit", "copyright", "credits", "license", "help") if hasattr(__builtins__, name)))
print(__name__, __doc__, __spec__, __package__, __builtins__.__name__, type(__loader__).__name__ != "")
