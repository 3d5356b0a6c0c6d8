"""joblib with loky, and concurrent.futures, with numpy arrays going to worker processes and back."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib.metadata import version

import joblib
import numpy as np
from joblib import Parallel, delayed
from joblib.externals.loky import get_reusable_executor
from work import Failure, column_sum, fails, norm

print("joblib", version("joblib"), "numpy", version("numpy"), flush=True)


def main():
    """All of it."""
    matrix = np.arange(400_000.0).reshape(400, 1000)
    for backend in ("loky", "threading", "multiprocessing"):
        parts = Parallel(n_jobs=2, backend=backend)(delayed(norm)(matrix[start : start + 100]) for start in range(0, 400, 100))
        print(backend, [round(part, 4) for part in parts])
    # A lambda needs cloudpickle; an array over the limit is shared by a file mapped into both processes.
    print(Parallel(n_jobs=2)(delayed(lambda x: x + 1)(number) for number in range(4)))
    print(Parallel(n_jobs=2, max_nbytes=1000)(delayed(column_sum)(matrix + column, column) for column in (0, 999)))
    print(list(Parallel(n_jobs=2, return_as="generator")(delayed(abs)(-number) for number in range(3))))
    try:
        Parallel(n_jobs=2)(delayed(fails)(number) for number in range(3))
    except Failure as error:
        print(type(error).__name__, error)
    with get_reusable_executor(max_workers=2) as executor:
        print("loky", [round(value, 4) for value in executor.map(norm, [matrix[:5], matrix[5:9]])])
    for method in ("fork", "spawn", "forkserver"):
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as executor:
            print(method, [round(value, 4) for value in executor.map(norm, [matrix, matrix.T, matrix[::2]])])
            try:
                executor.submit(fails, 7).result()
            except Failure as error:
                print(type(error).__name__, error, type(error.__cause__).__name__)
    with ThreadPoolExecutor(2) as executor:
        print("threads", [round(value, 4) for value in executor.map(norm, [matrix, matrix])])
    print("hash", joblib.hash(matrix) == joblib.hash(matrix.copy()), joblib.hash("frozen"), joblib.cpu_count() > 0)


if __name__ == "__main__":
    main()
