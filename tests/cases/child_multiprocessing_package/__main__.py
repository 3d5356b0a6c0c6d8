# multiprocessing from a package's module, started by a folder's __main__.
#| SameAsPython
from worker import pool

if __name__ == "__main__":
    pool.run()
