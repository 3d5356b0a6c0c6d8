"""cryptography: ciphers, signatures, certificates, its own OpenSSL beside the interpreter's, exceptions from Rust."""

import base64
import datetime
import ssl
from importlib.metadata import version

from cryptography import exceptions, x509
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers import aead
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.x509.oid import NameOID

print("cryptography", version("cryptography"), backend.openssl_version_text(), flush=True)
print("python's own", ssl.OPENSSL_VERSION, len(ssl.create_default_context().get_ciphers()) > 5)


def failure(function, *arguments):
    """The type and text of an error."""
    try:
        function(*arguments)
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__name__}: {error}"


key = base64.urlsafe_b64encode(bytes(range(32)))
token = Fernet(key).encrypt_at_time(b"secret", 1700000000)
print("fernet", Fernet(key).decrypt(token), failure(Fernet(key).decrypt, b"x" + token[1:]), InvalidToken.__mro__[1])
print("gcm", aead.AESGCM(bytes(16)).encrypt(bytes(12), b"data", b"more").hex())
print("chacha", aead.ChaCha20Poly1305(bytes(32)).encrypt(bytes(12), b"data", None).hex())
print("scrypt", Scrypt(salt=b"salt", length=16, n=1024, r=8, p=1).derive(b"password").hex())
mac = hmac.HMAC(b"key", hashes.SHA3_256())
mac.update(b"data")
print("hmac", mac.finalize().hex())

signer = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
print("ed25519", signer.sign(b"data").hex(), failure(signer.public_key().verify, bytes(64), b"data"))
shared = x25519.X25519PrivateKey.from_private_bytes(bytes(range(32)))
print("x25519", shared.exchange(shared.public_key()).hex())
rsa_key = rsa.generate_private_key(65537, 2048)
signature = rsa_key.sign(b"data", padding.PSS(padding.MGF1(hashes.SHA256()), 20), hashes.SHA256())
print("rsa", len(signature), failure(rsa_key.public_key().verify, signature, b"other", padding.PKCS1v15(), hashes.SHA256()))
text = rsa_key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"pass")
)
print("pem", text.splitlines()[0], failure(serialization.load_pem_private_key, text, b"wrong")[:60])

curve = ec.derive_private_key(12345, ec.SECP256R1())
name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "frözen")])
builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(curve.public_key())
builder = builder.serial_number(77).not_valid_before(datetime.datetime(2024, 1, 1))
builder = builder.not_valid_after(datetime.datetime(2034, 1, 1))
builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("example.org")]), critical=False)
certificate = builder.sign(curve, hashes.SHA256())
again = x509.load_pem_x509_certificate(certificate.public_bytes(serialization.Encoding.PEM))
print("x509", again.subject.rfc4514_string(), again.serial_number, again.not_valid_after_utc.isoformat())
print(again.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName))
again.verify_directly_issued_by(again)
context = ssl.create_default_context(cadata=again.public_bytes(serialization.Encoding.PEM).decode())
print("python reads it", [entry["serialNumber"] for entry in context.get_ca_certs()])
print(failure(x509.load_pem_x509_certificate, b"nothing"))
print(failure(x509.load_der_x509_certificate, b"\x30\x03abc")[:80])
print(exceptions.UnsupportedAlgorithm.__name__, type(openssl).__name__)
