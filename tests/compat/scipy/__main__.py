"""scipy: sparse solving, optimisation, integration, statistics, signals, interpolation, spatial search: C, C++, Fortran, Cython."""

from importlib.metadata import version

import numpy as np
import scipy
from scipy import fft, integrate, interpolate, linalg, ndimage, optimize, signal, sparse, spatial, special, stats

print("scipy", version("scipy"), "numpy", version("numpy"), flush=True)

rng = np.random.default_rng(5)
size = 200
laplacian = sparse.diags_array([-np.ones(size - 1), 2 * np.ones(size), -np.ones(size - 1)], offsets=[-1, 0, 1])
right = np.ones(size)
direct = sparse.linalg.spsolve(laplacian.tocsc(), right)
iterative, status = sparse.linalg.cg(laplacian.tocsr(), right, rtol=1e-12)
print("sparse", direct.round(4)[:3].tolist(), bool(np.allclose(direct, iterative)), status)
print("eigsh", sparse.linalg.eigsh(laplacian.tocsc(), k=2, sigma=0, v0=right)[0].round(10).tolist())
print("lu", sparse.linalg.splu(laplacian.tocsc()).solve(right)[:2].round(6).tolist())

result = optimize.minimize(optimize.rosen, [1.3, 0.7, 0.8], method="BFGS", jac=optimize.rosen_der)
print("minimize", result.success, result.x.round(5).tolist())
print("root", optimize.root(lambda x: [x[0] ** 2 - 2], [1]).x.round(8).tolist(), optimize.brentq(np.cos, 1, 2))
program = optimize.linprog([-1, 4], A_ub=[[-3, 1], [1, 2]], b_ub=[6, 4], bounds=[(None, None), (-3, None)])
print("linprog", program.message, program.x.round(6).tolist())
print("least squares", optimize.curve_fit(lambda x, a, b: a * x + b, [1, 2, 3], [3, 5, 7])[0].round(6).tolist())

print("quad", round(integrate.quad(lambda x: np.exp(-x * x), -np.inf, np.inf)[0], 10))
ivp = integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], method="LSODA", rtol=1e-9, atol=1e-9)
print("ivp", ivp.success, round(float(ivp.y[0, -1]), 7))
print("expm", linalg.expm(np.diag([0.0, 1.0])).round(6).tolist(), linalg.lu_factor([[4.0, 3], [6, 3]])[1].tolist())
print("special", special.gamma(4.5).round(8), special.jv(0, 1.5).round(8), special.erfinv(0.5).round(8))
sample = rng.normal(size=500)
print("stats", *np.round(stats.ttest_1samp(sample, 0.0), 8), round(float(stats.norm.ppf(0.975)), 8))
print("kde", stats.gaussian_kde(sample)(0.0).round(8).tolist(), stats.spearmanr([1, 2, 3], [1, 3, 2]).statistic)
b, a = signal.butter(3, 0.2)
print("signal", signal.lfilter(b, a, np.ones(5)).round(6).tolist(), signal.find_peaks([0, 2, 0, 3, 0])[0].tolist())
print("spline", interpolate.CubicSpline([0, 1, 2], [0, 1, 4])(1.5).round(6), fft.dct([1.0, 2, 3]).round(6).tolist())
tree = spatial.cKDTree(rng.random((100, 3)))
print("tree", tree.query([0.5, 0.5, 0.5])[1], spatial.ConvexHull([[0, 0], [1, 0], [0, 1], [0.2, 0.2]]).vertices.tolist())
print("image", ndimage.gaussian_filter(np.eye(4), 1).sum().round(6), ndimage.label([[1, 0, 1]])[1])
try:
    linalg.cholesky([[1, 2], [2, 1]])
except scipy.linalg.LinAlgError as error:
    print(f"{type(error).__name__}: {error}")
