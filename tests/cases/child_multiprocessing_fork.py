# multiprocessing with start method fork, functions in a script's __main__, and no freeze_support().
#| SameAsPython
#| Seconds: 180
import concurrent.futures
import multiprocessing
import multiprocessing.managers
import os
import sys
import threading


class Shape:
    def __init__(self, sides):
        self.sides = sides


def area(shape):
    return shape.sides * 2


def whoami(queue):
    queue.put((__name__ != "__main__" or multiprocessing.get_start_method() == "fork", multiprocessing.current_process().name, multiprocessing.parent_process().pid == os.getppid() or "fork" == "forkserver"))


def fail():
    raise ValueError("in the child")


def exit_with(code):
    sys.exit(code)


def wait_for(barrier, event):
    barrier.wait(60)
    event.set()


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=whoami, args=(queue,), name="named")
    process.start()
    print(queue.get(timeout=60))
    process.join()
    with multiprocessing.Pool(2) as pool:
        print(pool.map(area, [Shape(3), Shape(4)]), pool.apply_async(area, (Shape(5),)).get(60))
        try:
            pool.apply(fail)
        except ValueError as error:
            print("ValueError", error)
    process = multiprocessing.Process(target=exit_with, args=(7,))
    process.start()
    process.join()
    print(process.exitcode)
    barrier, event = multiprocessing.Barrier(2), multiprocessing.Event()
    process = multiprocessing.Process(target=wait_for, args=(barrier, event))
    process.start()
    barrier.wait(60)
    print(event.wait(60))
    process.join()
    with concurrent.futures.ProcessPoolExecutor(2) as executor:
        print(sorted(future.result() for future in concurrent.futures.as_completed([executor.submit(pow, 2, number) for number in range(4)])))
    value = multiprocessing.Value("i", 3)
    with value.get_lock():
        value.value += 1
    receiver, sender = multiprocessing.Pipe()
    sender.send(value.value)
    print(receiver.recv(), threading.active_count() >= 1)
    process = multiprocessing.Process(target=fail)
    process.start()
    process.join()
    print(process.exitcode)
