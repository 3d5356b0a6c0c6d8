"""LightGBM: a library without a module, opened by ctypes by its path in the package, with OpenMP's runtime of the system."""

import os
from importlib.metadata import version

import lightgbm
import numpy as np

print("lightgbm", version("lightgbm"), os.path.basename(lightgbm.basic._LIB._name), flush=True)
rng = np.random.default_rng(3)
x = rng.normal(size=(500, 5))
y = (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(int)
data = lightgbm.Dataset(x, y)
options = {"objective": "binary", "verbose": -1, "num_threads": 2, "deterministic": True, "seed": 1}
model = lightgbm.train(options, data, num_boost_round=20)
print(model.predict(x[:4]).round(6).tolist(), model.num_trees(), model.feature_importance().tolist())
again = lightgbm.Booster(model_str=model.model_to_string())
print(bool(np.allclose(again.predict(x), model.predict(x))))
try:
    lightgbm.Booster(model_str="nothing")
except lightgbm.basic.LightGBMError as error:
    print(type(error).__name__, error)
