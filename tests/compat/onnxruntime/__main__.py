"""onnxruntime: a model made of bytes in memory, run by a C++ library with its own threads."""

from importlib.metadata import version

import numpy as np
import onnxruntime

print("onnxruntime", version("onnxruntime"), onnxruntime.get_available_providers(), flush=True)


def field(number, value):
    """A protobuf field: a number or bytes."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def tensor(name):
    """A ValueInfoProto of two floats."""
    shape = field(2, field(1, field(1, 2)))
    return field(1, name) + field(2, field(1, field(1, 1) + shape))


node = field(1, b"a") + field(1, b"b") + field(2, b"c") + field(4, b"Add")
graph = field(1, node) + field(2, b"g") + field(11, tensor(b"a")) + field(11, tensor(b"b")) + field(12, tensor(b"c"))
model = field(1, 8) + field(7, graph) + field(8, field(2, 13))
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 2
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
print([(item.name, item.shape, item.type) for item in session.get_inputs()])
print(session.run(None, {"a": np.float32([1, 2]), "b": np.float32([10, 20])})[0].tolist())
try:
    session.run(None, {"a": np.float32([1, 2, 3]), "b": np.float32([1])})
except Exception as error:
    print(type(error).__name__, str(error).splitlines()[0][:120])
