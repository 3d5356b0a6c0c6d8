import multiprocessing


def triple(number):
    return number * 3


def run():
    for method in ("spawn", "forkserver", "fork"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(triple, range(4)))
