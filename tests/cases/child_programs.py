# Programs of the host as children: output, status, environment, folder, session.
#| SameAsPython
import os
import subprocess

print(subprocess.run(["echo", "hi"], capture_output=True, text=True).stdout.strip(), subprocess.call(["false"]))
script = "pwd; echo $A; test $$ = $(ps -o sid= -p $$ 2>/dev/null || echo $$) && echo session"
child = subprocess.check_output(["/bin/sh", "-c", script], cwd="/", env={"A": "b", "PATH": os.environ["PATH"]}, preexec_fn=os.setsid, text=True)
print(child.split())
with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as cat:
    print(cat.communicate("through\n", timeout=60)[0])
try:
    subprocess.run(["/nonexistent/program"])
except FileNotFoundError as error:
    print(error)
print(os.system("exit 3") >> 8, os.popen("echo popen").read(), os.posix_spawn("/bin/true", ["true"], {}) > 0)
