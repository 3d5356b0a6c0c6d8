"""h5py: HDF5 in memory, with filters, references and errors from C."""

import io
from importlib.metadata import version

import h5py
import numpy as np

print("h5py", version("h5py"), "HDF5", h5py.version.hdf5_version, flush=True)
file = io.BytesIO()
with h5py.File(file, "w") as store:
    data = store.create_dataset("a/b", data=np.arange(1000.0).reshape(100, 10), chunks=True, compression="gzip", shuffle=True)
    data.attrs["name"] = "frözen"
    store["text"] = ["a", "ü"]
    store["link"] = h5py.SoftLink("/a/b")
    store.create_dataset("table", data=np.array([(1, 2.5)], dtype=[("x", "i4"), ("y", "f8")]))
with h5py.File(file) as store:
    print(sorted(store), store["link"][3, :3].tolist(), store["a/b"].attrs["name"], store["text"].asstr()[:].tolist())
    print(store["table"]["y"].tolist(), store["a/b"].compression, store["a/b"].chunks)
    try:
        store["nothing"]
    except KeyError as error:
        print(error)
try:
    h5py.File(io.BytesIO(b"no file"))
except OSError as error:
    print(error)
