# The default context trusts the host's certificates, and SSL_CERT_FILE is honoured.
#| ExpectStdout: True True
import os
import ssl

paths = ssl.get_default_verify_paths()
host_has_any = any(os.path.exists(path) for path in ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"))
print((len(ssl.create_default_context().get_ca_certs()) > 0 or not host_has_any), not (paths.cafile or "").startswith("/proc/self/exe"))
