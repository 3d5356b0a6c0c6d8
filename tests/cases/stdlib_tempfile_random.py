# Two starts never share their randomness.
#| ExpectStdout: 8
import random
import secrets
import subprocess
import sys
import tempfile
import uuid

code = "import random, secrets, uuid, tempfile, ssl; print(random.random(), secrets.token_hex(), uuid.uuid4(), ssl.RAND_bytes(8).hex(), hash('text'), next(tempfile._get_candidate_names()))"
lines = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() for _ in range(8)]
print(min(len({line[column] for line in lines}) for column in range(6)))
