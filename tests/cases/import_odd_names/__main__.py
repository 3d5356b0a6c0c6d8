# Names with spaces, other scripts and other case are kept apart.
#| SameAsPython
import os
import runpy

import Case
import case
import 模块
import päckage.mödul

folder = os.path.dirname(os.path.abspath(__file__))
print(Case.VALUE, case.VALUE, 模块.VALUE, päckage.mödul.VALUE)
print(open(os.path.join(folder, "a file with spaces.txt")).read())
print(open(os.path.join(folder, "emoji ☃.txt"), encoding="utf-8").read())
# `lib` holds the standard library: it is there when frozen only.
print(sorted(name for name in os.listdir(folder) if "_" not in name and name != "lib"))
print(runpy.run_path(os.path.join(folder, "not an identifier.py"))["VALUE"])
