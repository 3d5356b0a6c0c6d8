"""Plugins found by entry points: keyring's backends, stevedore's managers, and entry points of the interpreter's metadata."""

import importlib.metadata
from importlib.metadata import version

import keyring
import keyring.backend
import keyring.backends.fail
import stevedore
from keyring import backends
from stevedore import driver, enabled, extension, named

print("keyring", version("keyring"), "stevedore", version("stevedore"), flush=True)

points = importlib.metadata.entry_points(group="keyring.backends")
print(sorted((point.name, point.value, point.dist.name) for point in points))
print(sorted(backend.__module__.rsplit(".", 1)[1] for backend in keyring.backend.get_all_keyring()))
print(type(keyring.get_keyring()).__module__, backends.fail.Keyring.priority)


class Memory(keyring.backend.KeyringBackend):
    """Keeps passwords in a dictionary."""

    priority = 9
    kept = {}

    def get_password(self, service, username):
        """What was kept."""
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        """Keeps it."""
        self.kept[service, username] = password

    def delete_password(self, service, username):
        """Forgets it."""
        del self.kept[service, username]


keyring.set_keyring(Memory())
keyring.set_password("site", "me", "secret")
print(keyring.get_password("site", "me"), keyring.get_credential("site", "me").username)
keyring.set_keyring(keyring.backends.fail.Keyring())
try:
    keyring.get_password("site", "me")
except keyring.errors.NoKeyringError as error:
    print(type(error).__name__, str(error)[:40])

GROUP = "stevedore.example.formatter"
manager = extension.ExtensionManager(GROUP, on_load_failure_callback=lambda *_: None)
print(sorted(manager.names()))
print([name for name in sorted(extension.ExtensionManager("stevedore.test.extension", invoke_on_load=False).names())])
for name in ("simple", "plain"):
    found = driver.DriverManager(GROUP, name, invoke_on_load=True)
    print(name, type(found.driver).__module__, list(found.driver.format({"a": 1, "b": "ü"})))
print(named.NamedExtensionManager(GROUP, ["simple", "missing"], warn_on_missing_entrypoint=False).names())
print(enabled.EnabledExtensionManager(GROUP, lambda item: item.name == "plain").names())
try:
    driver.DriverManager(GROUP, "nothing")
except stevedore.exception.NoMatches as error:
    print(error)
print(sorted(point.name for point in importlib.metadata.entry_points(group="console_scripts")))
