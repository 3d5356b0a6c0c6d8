# A child Python can import what the program can: its modules, its packages.
#| SameAsPython
#| Requires: pypi rich==15.0.0
import subprocess
import sys

import rich.text

print(rich.text.Text('here').plain)
done = subprocess.run([sys.executable, "-c", "import rich.text; print(rich.text.Text('x').plain)"], capture_output=True, text=True, check=False)
print(done.returncode, done.stdout, done.stderr)
done = subprocess.run([sys.executable, "-m", "rich.box"], capture_output=True, text=True, check=False)
print(done.returncode, len(done.stdout) > 100, done.stderr)
