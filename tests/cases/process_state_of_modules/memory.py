import tracemalloc

tracemalloc.start(3)
