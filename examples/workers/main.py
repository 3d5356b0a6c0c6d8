"""Starts child processes in every way the standard library knows, with no call to `freeze_support()`."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import shared_memory

import jobs


def square(number):
    """A function of `__main__`, which a spawned child has to find again."""
    return number * number


def fill(name):
    """Writes into shared memory from a child."""
    block = shared_memory.SharedMemory(name=name)
    block.buf[:4] = b"ping"
    block.close()


def try_start_method(method):
    """Runs the same work with one start method."""
    context = multiprocessing.get_context(method)

    with context.Pool(2) as pool:
        print(method, "pool", pool.map(square, range(5)), pool.map(jobs.cube, range(5)))

    with ProcessPoolExecutor(2, mp_context=context) as executor:
        print(method, "executor", sum(executor.map(square, range(10))))

    queue = context.Queue()
    process = context.Process(target=jobs.put, args=(queue, "through a queue"))
    process.start()
    print(method, "queue", queue.get(timeout=60))
    process.join()
    print(method, "exit code", process.exitcode)

    block = shared_memory.SharedMemory(create=True, size=16)
    try:
        process = context.Process(target=fill, args=(block.name,))
        process.start()
        process.join()
        print(method, "shared memory", bytes(block.buf[:4]))
    finally:
        block.close()
        block.unlink()

    with context.Manager() as manager:
        shared = manager.dict()
        process = context.Process(target=jobs.store, args=(shared,))
        process.start()
        process.join()
        print(method, "manager", dict(shared))


def try_subprocess():
    """The executable is a Python for its children."""
    for arguments in (["-c", "import sys; print('child', sys.argv)", "a", "-b"], ["-m", "jobs", "of", "workers"]):
        # `-m jobs` needs no PYTHONPATH when frozen: the project's modules are in the executable.
        child = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=jobs.FOLDER)
        print("subprocess", arguments[0], child.returncode, child.stdout.strip(), child.stderr.strip())


def main():
    """Runs everything."""
    for method in ("fork", "spawn", "forkserver"):
        try_start_method(method)
    try_subprocess()


if __name__ == "__main__":
    main()
