# Pruning keeps the codecs that C code asks for by name: `idna` for the names of hosts, `cp437` for those in zip files.
#| Freeze: --prune
#| SameAsPython
import io
import socket
import zipfile

print(socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM)[0][4])
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as file:
    file.writestr("a.txt", "x")
print(zipfile.ZipFile(archive).namelist())
