# TLS between two threads with a certificate made by the host's openssl.
#| SameAsPython
#| Requires: tool openssl
import socket
import ssl
import subprocess
import threading

subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain("cert.pem", "key.pem")
listener = socket.create_server(("127.0.0.1", 0))


def serve():
    connection, _ = listener.accept()
    with server.wrap_socket(connection, server_side=True) as wrapped:
        wrapped.sendall(wrapped.recv(100).upper())


threading.Thread(target=serve, daemon=True).start()
client = ssl.create_default_context(cafile="cert.pem")
with client.wrap_socket(socket.create_connection(listener.getsockname()), server_hostname="localhost") as wrapped:
    wrapped.sendall(b"hello")
    print(wrapped.recv(100), wrapped.version(), wrapped.getpeercert()["subject"])
