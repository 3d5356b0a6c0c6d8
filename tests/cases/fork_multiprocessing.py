# multiprocessing with what was imported before: pools, queues, shared memory, managers.
#| SameAsPython
#| Seconds: 300
import concurrent.futures
import multiprocessing
import multiprocessing.managers
import multiprocessing.shared_memory
import multiprocessing.sharedctypes


def square(number):
    return number * number


def answer(queue):
    queue.put(42)


def count(value):
    for _ in range(100):
        with value.get_lock():
            value.value += 1


def main():
    fork = multiprocessing.get_context("fork")
    with fork.Pool(2) as pool:
        print(pool.map(square, range(5)))
    queue = fork.Queue()
    process = fork.Process(target=answer, args=(queue,))
    process.start()
    print(queue.get(timeout=60))
    process.join()
    print(process.exitcode)
    value = fork.Value("i", 0)
    processes = [fork.Process(target=count, args=(value,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(value.value)
    with fork.Manager() as manager:
        table = manager.dict()
        table["a"] = 1
        print(dict(table))
    memory = multiprocessing.shared_memory.SharedMemory(create=True, size=10)
    memory.buf[0] = 7
    again = multiprocessing.shared_memory.SharedMemory(memory.name)
    print(again.buf[0])
    again.close()
    memory.close()
    memory.unlink()
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
            print(method, list(executor.map(square, [-1, -2])))


if __name__ == "__main__":
    main()
