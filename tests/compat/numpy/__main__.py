"""numpy: linear algebra, transforms, random numbers, warnings and errors from C, text and binary files, worker processes."""

import io
import multiprocessing
import sys
import warnings
from importlib.metadata import version

import numpy as np
from work import digest, square

print("numpy", np.__version__, version("numpy"), flush=True)


def failure(function, *arguments):
    """The text of an error that comes from C."""
    try:
        function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def main():
    """All of it."""
    generator = np.random.default_rng(20)
    matrix = generator.normal(size=(60, 60))
    print("random", digest(matrix), generator.integers(1000, size=5).tolist(), generator.permutation(6).tolist())
    print("legacy", np.random.RandomState(1).rand(3).round(6).tolist())
    solution = np.linalg.solve(matrix, np.arange(60.0))
    print("solve", solution.shape, bool(np.allclose(matrix @ solution, np.arange(60.0))))
    u, s, vt = np.linalg.svd(matrix)
    print("svd", bool(np.allclose(u * s @ vt, matrix)), round(float(s[0]), 8))
    print("eig", np.linalg.eigvalsh([[2, 1], [1, 3]]).round(8).tolist(), round(float(np.linalg.det(matrix[:5, :5])), 8))
    print("fft", np.abs(np.fft.rfft(np.sin(np.arange(16)))).round(8).tolist())
    print("sum", float(np.einsum("ij,jk->", matrix, matrix).round(6)), np.sort(matrix[0])[:2].round(8).tolist())
    print(failure(np.linalg.inv, np.zeros((2, 2))), "|", failure(np.dot, np.ones(2), np.ones(3)))
    print(failure(np.array, [1, "x"], int), "|", np.exceptions.AxisError(3, 2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        print(np.array([1.0]) / 0, [f"{item.category.__name__}: {item.message}" for item in caught])
    file = io.BytesIO()
    np.savez_compressed(file, matrix=matrix, names=np.array(["a", "ü"]))
    file.seek(0)
    loaded = np.load(file)
    print("npz", sorted(loaded.files), digest(loaded["matrix"]) == digest(matrix), loaded["names"].tolist())
    print("text", np.genfromtxt(io.StringIO("1,2\n3,"), delimiter=",").tolist(), np.datetime64("2024-02-29") + np.timedelta64(1, "D"))
    table = np.zeros(2, dtype=[("x", "i4"), ("y", "U3")])
    print(table, np.ma.masked_equal([1, 2, 1], 1), np.poly1d([1, 2]) ** 2, np.float16(1.1), np.longdouble(1) / 3)
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            results = pool.map(square, [matrix + offset for offset in range(3)])
        print(method, all(is_child for is_child, _ in results), [digest(result) for _, result in results])
    np.show_config(mode="dicts")
    print("loaded", sorted(name for name in sys.modules if name.startswith("numpy.linalg._")))


if __name__ == "__main__":
    main()
