"""Many packages in one process: four OpenSSLs, three BLAS and OpenMP runtimes, several allocators and C++ libraries side by side."""

import os
import signal
import ssl
import subprocess
import sys
import threading
import warnings
from importlib.metadata import version

import cryptography.hazmat.bindings._rust as rust
import cv2
import duckdb
import grpc
import numpy as np
import pandas as pd
import polars as pl
import psycopg
import pyarrow as pa
import scipy.linalg
import zmq
from cryptography.fernet import Fernet
from google.protobuf import struct_pb2
from lxml import etree
from PIL import Image
from sklearn.ensemble import HistGradientBoostingClassifier

NAMES = ("numpy", "scipy", "pandas", "pyarrow", "polars", "duckdb", "scikit-learn", "opencv-python-headless", "pillow",
         "lxml", "cryptography", "psycopg-binary", "grpcio", "protobuf", "pyzmq")
print({name: version(name) for name in NAMES}, flush=True)

frame = pd.DataFrame({"x": np.arange(50) % 7, "y": np.arange(50.0)})
table = pa.Table.from_pandas(frame)
print(duckdb.sql("SELECT x, sum(y) s FROM frame GROUP BY x ORDER BY x LIMIT 3").fetchall())
print(duckdb.from_arrow(table).aggregate("max(y)").fetchall())
print(pl.from_arrow(table).group_by("x").len().sort("x").head(2).rows(), pl.from_pandas(frame).to_arrow().num_rows)
picture = np.asarray(Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).resize((4, 4)))
print(cv2.resize(picture, (2, 2)).tolist(), cv2.imdecode(cv2.imencode(".png", picture)[1], 0).sum() == picture.sum())
model = HistGradientBoostingClassifier(max_iter=3).fit(frame[["y"]], frame["x"] > 3)
print(round(float(model.score(frame[["y"]], frame["x"] > 3)), 3), etree.fromstring("<a><b/></a>").xpath("count(//b)"))
print(len({ssl.OPENSSL_VERSION, rust.openssl.openssl_version_text()}), Fernet(Fernet.generate_key()).encrypt(b"x")[:4])
print(psycopg.pq.version() > 170000, len(ssl.create_default_context().get_ciphers()) > 10, struct_pb2.Value(number_value=1).number_value)

results = []


def work(number):
    """Each thread enters all of them."""
    array = np.full((60, 60), number + 1.0) + np.eye(60)
    results.append((number, round(float(np.linalg.slogdet(array)[1] - scipy.linalg.det(array) ** 0), 4), pl.Series([number]).sum()))
    try:
        cv2.resize(np.zeros((0, 0)), (1, 1))
    except cv2.error:
        pass
    try:
        pa.array([1, "x"])
    except pa.ArrowInvalid:
        pass


threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(results))
with zmq.Context() as context, context.socket(zmq.PAIR) as left, context.socket(zmq.PAIR) as right:
    left.bind("inproc://x")
    right.connect("inproc://x")
    left.send(b"over")
    print(right.recv(), grpc.StatusCode.OK.value)
warnings.filterwarnings("ignore", "This process .* is multi-threaded")
child = os.fork()
if child == 0:
    print("child", float(np.linalg.det(np.eye(3) * 2)), etree.fromstring("<c/>").tag, flush=True)
    os._exit(int(scipy.linalg.norm([3, 4])))
print(os.waitpid(child, 0)[1] >> 8)
code = "import numpy, lxml.etree, sys; print(numpy.arange(3).sum(), lxml.etree.fromstring('<d/>').tag)"
print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
child = subprocess.run([sys.executable, "-c", "import ctypes, numpy; ctypes.string_at(0)"], capture_output=True)
print(child.returncode == -signal.SIGSEGV)
