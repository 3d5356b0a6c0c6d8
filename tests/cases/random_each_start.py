# Nothing that must differ from start to start is the same in two of them.
#| ExpectStdout: 10 starts, 15 columns, each different
import multiprocessing
import os
import random
import secrets
import ssl
import subprocess
import sys
import tempfile
import uuid
from random import choice, random as bound

generator = random.Random()
system = random.SystemRandom()
context = ssl.create_default_context()

if "PART" in os.environ:
    columns = [
        random.random(),
        bound(),
        choice(range(10**9)),
        random.getrandbits(64),
        generator.random(),
        random.Random().random(),
        system.random(),
        uuid.uuid4(),
        uuid.uuid1(),
        secrets.token_hex(),
        next(tempfile._get_candidate_names()),
        bytes(multiprocessing.current_process().authkey).hex(),
        ssl.RAND_bytes(16).hex(),
        os.urandom(8).hex(),
        random.sample(range(10**6), 3),
    ]
    print("|".join(map(str, columns)))
else:
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, __file__]
    starts = [subprocess.check_output(program, env=os.environ | {"PART": "1"}, text=True) for _ in range(10)]
    columns = list(zip(*(start.split("|") for start in starts)))
    same = [column[0] for column in columns if len(set(column)) < len(starts)]
    print(f"{len(starts)} starts, {len(columns)} columns,", f"the same: {same}" if same else "each different")
