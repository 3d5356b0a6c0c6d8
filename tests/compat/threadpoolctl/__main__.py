"""threadpoolctl: asks the dynamic loader which libraries are mapped, opens them again by path and limits their threads."""

import os
from importlib.metadata import version

import numpy as np
import scipy.linalg
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

print("threadpoolctl", version("threadpoolctl"), "numpy", version("numpy"), flush=True)
for pool in sorted(threadpool_info(), key=lambda pool: pool["filepath"].rsplit("/", 1)[1]):
    name = os.path.basename(pool["filepath"]).split("-")[0]
    print(name, pool["user_api"], pool["internal_api"], pool["prefix"], pool["version"], pool["num_threads"])
with threadpool_limits(1):
    print([pool["num_threads"] for pool in threadpool_info()], float(np.linalg.det(np.eye(200))))
controller = ThreadpoolController().select(user_api="blas")
print(len(controller.lib_controllers), all(os.path.exists(pool.filepath) for pool in controller.lib_controllers))
print(float(scipy.linalg.det(np.eye(3) * 2)))
