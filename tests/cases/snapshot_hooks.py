# The module `pyfreeze` is in every executable; where no snapshot is made, its functions are only remembered.
#| ExpectStdout: pyfreeze True
#| ExpectStdout: False disconnect connect
#| ExpectStdout: ['after_restore', 'before_snapshot', 'is_building_snapshot']
import sys

import pyfreeze
from pyfreeze import after_restore


@pyfreeze.before_snapshot
def disconnect():
    raise AssertionError("called")


@after_restore
def connect():
    raise AssertionError("called")


print(pyfreeze.__name__, pyfreeze.__spec__.origin == pyfreeze.__file__)
print(pyfreeze.is_building_snapshot(), disconnect.__name__, connect.__name__)
print(sorted(pyfreeze.__all__))
