# A program that starts itself with its own arguments starts the program, not an interpreter.
#| ExpectStdout: parent
#| ExpectStdout: child ['work', '-x']
#| ExpectStdout: child ['--flag']
#| ExpectStdout: through a shell ['-c', 'y']
import subprocess
import sys

if sys.argv[1:2] == ["-c"]:
    print("through a shell", sys.argv[1:])
elif len(sys.argv) > 1:
    print("child", sys.argv[1:])
else:
    print("parent", flush=True)
    subprocess.run([sys.executable, "work", "-x"], check=True)
    subprocess.run([sys.executable, "--flag"], check=True)
    subprocess.run(["sh", "-c", '"$0" -c y; true', sys.executable], check=True)
