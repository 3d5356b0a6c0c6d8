# Threads, and everything that they wait for each other with.
#| SameAsPython
import concurrent.futures
import decimal
import queue
import threading

results = []
lock = threading.Lock()


def add(number):
    with lock:
        results.append(number)


threads = [threading.Thread(target=add, args=(number,)) for number in range(50)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(results) == list(range(50)), threads[0].name, threads[0].is_alive())
with concurrent.futures.ThreadPoolExecutor(4) as executor:
    print(sum(executor.map(lambda number: number * number, range(1000))))
event = threading.Event()
threading.Timer(0.05, event.set).start()
print(event.wait(60))
condition = threading.Condition()
with condition:
    print(condition.wait(0.01))
semaphore = threading.Semaphore(1)
print(semaphore.acquire(), semaphore.acquire(timeout=0.01), threading.Barrier(1).wait())
local = threading.local()
local.value = 1
seen = []
thread = threading.Thread(target=lambda: seen.append((hasattr(local, "value"), decimal.Decimal(1) / 7)))
thread.start()
thread.join()
print(local.value, seen, decimal.Decimal(1) / 3, decimal.getcontext().prec)
items = queue.Queue()
threading.Thread(target=lambda: [items.put(number) for number in range(3)]).start()
print([items.get(timeout=60) for _ in range(3)])
