"""numba: LLVM compiles functions at run time, which call into numpy, into libc and back into Python."""

import ctypes
from importlib.metadata import version

import numba
import numpy as np
from llvmlite import binding
from numba import cfunc, njit, prange, vectorize

print("numba", version("numba"), "llvmlite", version("llvmlite"), "LLVM", binding.llvm_version_info, flush=True)


@njit
def total(array):
    """A loop."""
    result = 0.0
    for value in array:
        result += np.sqrt(value)
    return result


@njit(parallel=True)
def parallel_total(array):
    """A loop on several threads."""
    result = 0.0
    for index in prange(array.size):
        result += array[index]
    return result


@vectorize(["float64(float64, float64)"])
def larger(left, right):
    """A ufunc."""
    return left if left > right else right


@njit
def fails(number):
    """An exception out of compiled code."""
    if number > 3:
        raise ValueError("too large")
    return {number: "x"}


@cfunc("float64(float64)")
def double(value):
    """A C function."""
    return value * 2


array = np.arange(1000.0)
print(round(total(array), 6), parallel_total(array), larger(array, 500.0).sum(), dict(fails(2)))
try:
    fails(5)
except ValueError as error:
    print(error)
print(ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(double.address)(2.5), total.nopython_signatures)
print(njit(lambda matrix: np.linalg.det(matrix))(np.eye(3) * 2), numba.get_num_threads() > 0)
try:
    njit(lambda: undefined)()
except numba.core.errors.TypingError as error:
    print(str(error).splitlines()[0])
