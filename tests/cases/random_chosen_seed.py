# A generator with a seed of the program's choice gives what it gives under python, in every start.
#| SameAsPython
import random

generator = random.Random(42)
random.seed("a word")
print(generator.random(), generator.choice("abc"), random.random(), random.gauss(0, 1))
state = random.getstate()
first = random.random()
random.setstate(state)
print(first == random.random())
