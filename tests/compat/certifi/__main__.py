"""certifi: its bundle is given to OpenSSL by path, and read as text and as a resource."""

import importlib.resources
import os
import ssl
from importlib.metadata import version

import certifi

print("certifi", version("certifi"), ssl.OPENSSL_VERSION, flush=True)

path = certifi.where()
print(os.path.basename(path), os.path.isfile(path), os.path.getsize(path) == len(certifi.contents()))
context = ssl.create_default_context(cafile=path)
certificates = context.get_ca_certs()
print(len(certificates), certifi.contents().count("BEGIN CERTIFICATE"), context.cert_store_stats())
print(sorted(dict(part[0] for part in entry["subject"]).get("commonName", "-") for entry in certificates)[:5])
again = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
again.load_verify_locations(path)
again.load_verify_locations(cadata=certifi.contents())
print(len(again.get_ca_certs()))
resource = importlib.resources.files("certifi") / "cacert.pem"
print(resource.is_file(), resource.read_text("ascii") == certifi.contents())
with importlib.resources.as_file(resource) as real:
    print(len(ssl.create_default_context(cafile=real).get_ca_certs()))
try:
    ssl.create_default_context(cafile=path + ".missing")
except OSError as error:
    print(type(error).__name__, error.errno)
