# Objects of __main__ can be pickled and copied; their module is __main__.
#| SameAsPython
import copy
import dataclasses
import enum
import pickle


@dataclasses.dataclass
class Point:
    x: int
    y: int = 2


class Colour(enum.Enum):
    RED = 1


print(pickle.loads(pickle.dumps([Point(1), Colour.RED])), copy.deepcopy(Point(3)), Point.__module__, Point.__qualname__)
