# Both spellings of the virtual root lead to the files: `/proc/self/exe/…` and the executable's real path.
#| ExpectStdout: True True True
#| ExpectStdout: found found found
#| ExpectStdout: ['asset.txt']
#| ExpectStdout: True
#| ExpectStdout: <root> <root>
import os
import sys
from pathlib import Path

resolved = Path(__file__).resolve()
print(str(resolved).startswith(sys.executable + "/"), resolved.exists(), resolved == Path(os.path.realpath(__file__)))
print((resolved.parent / "assets/asset.txt").read_text(), open(os.path.join(os.path.realpath(os.path.dirname(__file__)), "assets", "asset.txt")).read(), (Path(__file__).parent / "assets" / "asset.txt").read_text())
print(os.listdir(resolved.parent / "assets"))
print(os.path.samefile(resolved, __file__))
print(sys._MEIPASS, os.path.dirname(__file__))
