"""PyNaCl, bcrypt and argon2-cffi: cffi's compiled mode, with and without the stable interface."""

from importlib.metadata import version

import argon2
import bcrypt
import nacl
from argon2 import low_level
from nacl import exceptions, pwhash, secret, signing

print({name: version(name) for name in ("pynacl", "bcrypt", "argon2-cffi", "argon2-cffi-bindings", "cffi")}, flush=True)
box = secret.SecretBox(bytes(range(32)))
sealed = box.encrypt(b"message", bytes(24))
print(sealed.hex(), box.decrypt(sealed))
key = signing.SigningKey(bytes(range(32)))
signed = key.sign(b"message")
print(signed.signature.hex()[:32], key.verify_key.verify(signed))
try:
    box.decrypt(b"x" * 60)
except exceptions.CryptoError as error:
    print(type(error).__name__, error)
print(pwhash.argon2id.kdf(16, b"password", bytes(16), opslimit=1, memlimit=8192).hex())
hashed = bcrypt.hashpw(b"password", b"$2b$04$" + b"abcdefghijklmnopqrstuu")
print(hashed, bcrypt.checkpw(b"password", hashed), bcrypt.kdf(b"a", b"b", 16, 20, ignore_few_rounds=True).hex())
print(low_level.hash_secret(b"password", bytes(16), 1, 64, 1, 16, argon2.Type.ID))
try:
    argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).verify("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAA$AAAA", "x")
except argon2.exceptions.VerificationError as error:
    print(type(error).__name__, error)
print(nacl.utils.EncryptedMessage.__name__)
