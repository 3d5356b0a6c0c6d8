# Pruning keeps what is asked for by computed names: the codecs of hosts and of zip files, the facts of `sysconfig`.
#| Freeze: --prune
#| SameAsPython
import io
import socket
import sysconfig
import zipfile

print(socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM)[0][4])
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as file:
    file.writestr("a.txt", "x")
print(zipfile.ZipFile(archive).namelist())
print(sysconfig.get_config_var("SOABI").startswith("cpython-313"))
