"""The google namespace: parts of it come from many distributions, one of them with protobuf's C and one with a CRC in C."""

import datetime
import json
import pkgutil
import sys
from importlib.metadata import packages_distributions, version

import google
import google.auth
import google.cloud
import google_crc32c
from google.api_core import exceptions, path_template, retry
from google.auth import credentials, crypt, jwt
from google.cloud import storage
from google.oauth2 import service_account
from google.protobuf import json_format, struct_pb2
from google.rpc import error_details_pb2
from google.type import date_pb2

NAMES = ("google-cloud-storage", "google-cloud-core", "google-api-core", "google-auth", "google-crc32c", "protobuf")
print({name: version(name) for name in NAMES}, flush=True)

print("namespace", google.__spec__.origin, google.__spec__.loader is not None, len(google.__path__))
print(sorted(module.name for module in pkgutil.iter_modules(google.__path__)))
print(sorted(module.name for module in pkgutil.iter_modules(google.cloud.__path__)))
print(sorted(packages_distributions()["google"]))
print("crc", google_crc32c.implementation, google_crc32c.value(b"frozen"))

client = storage.Client(project="frozen", credentials=credentials.AnonymousCredentials())
blob = client.bucket("bucket").blob("folder/ä.txt")
print(blob.public_url, blob.path)
print(exceptions.from_http_status(404, "gone"), path_template.expand("v1/{name=a/*}/b", name="a/x"))
try:
    google.auth.load_credentials_from_dict({"type": "nothing"})
except google.auth.exceptions.DefaultCredentialsError as error:
    print(type(error).__name__, str(error)[:60])


@retry.Retry(initial=0.01, timeout=5, predicate=retry.if_exception_type(ValueError))
def flaky(calls=[]):
    """Works the third time."""
    calls.append(1)
    if len(calls) < 3:
        raise ValueError
    return len(calls)


print("retry", flaky())
details = error_details_pb2.BadRequest(field_violations=[{"field": "a", "description": "bad"}])
print(json.loads(json_format.MessageToJson(details)), date_pb2.Date(year=2024, month=2, day=29).ByteSize())
print(struct_pb2.Struct.DESCRIPTOR.full_name, datetime.UTC, crypt.RSASigner.__module__, jwt.__name__)
print(service_account.Credentials.__name__, "google.cloud.storage" in sys.modules)
