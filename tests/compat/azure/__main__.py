"""The azure namespace without an `__init__` of its own: core, blobs and identity, against a server on the loopback interface."""

import pkgutil
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import packages_distributions, version

import azure
import azure.core
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential, CredentialUnavailableError, EnvironmentCredential
from azure.storage.blob import BlobServiceClient, generate_blob_sas

NAMES = ("azure-core", "azure-storage-blob", "azure-identity", "msal", "cryptography")
print({name: version(name) for name in NAMES}, flush=True)
print("namespace", azure.__spec__.origin, getattr(azure, "__file__", None), len(azure.__path__))
print(sorted(module.name for module in pkgutil.iter_modules(azure.__path__)), sorted(packages_distributions()["azure"]))

BLOBS = {}


class Handler(BaseHTTPRequestHandler):
    """A storage account in a dictionary."""

    def answer(self, status, body=b"", **headers):
        """Sends an answer."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "ETag": '"1"', **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        """Keeps a blob."""
        BLOBS[self.path.split("?")[0]] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, Last_Modified="Thu, 29 Feb 2024 10:00:00 GMT")

    def do_GET(self):
        """Gives a blob."""
        body = BLOBS.get(self.path.split("?")[0])
        if body is None:
            self.answer(404, x_ms_error_code="BlobNotFound")
        else:
            self.answer(206, body, Content_Range=f"bytes 0-{len(body) - 1}/{len(body)}", x_ms_blob_type="BlockBlob")

    def log_message(self, *_):
        """Says nothing."""


server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
key = AzureNamedKeyCredential("account", "a2V5")
url = f"http://127.0.0.1:{server.server_port}/account"
service = BlobServiceClient(url, key, retry_total=0)
blob = service.get_blob_client("container", "näme.txt")
print(blob.upload_blob(b"contents", overwrite=True)["etag"], blob.download_blob().readall(), sorted(BLOBS))
try:
    service.get_blob_client("container", "missing").download_blob()
except ResourceNotFoundError as error:
    print(type(error).__name__, error.status_code, error.error_code, isinstance(error, HttpResponseError))
print(generate_blob_sas("account", "c", "b", account_key="a2V5", permission="r", expiry="2030-01-01T00:00:00Z")[-60:])
try:
    EnvironmentCredential().get_token("scope")
except CredentialUnavailableError as error:
    print(type(error).__name__, error.message.splitlines()[0])
print(ClientSecretCredential("00000000-0000-0000-0000-000000000000", "id", "secret").__class__.__name__)
server.shutdown()
