# unittest and doctest run on __main__.
#| SameAsPython
import doctest
import io
import sys
import unittest


def double(number):
    """
    >>> double(2)
    4
    >>> double(3)
    7
    """
    return number * 2


class Case(unittest.TestCase):
    def test_double(self):
        self.assertEqual(double(4), 8)

    def test_wrong(self):
        self.assertEqual(double(4), 9)


stream = io.StringIO()
result = unittest.TextTestRunner(stream).run(unittest.defaultTestLoader.loadTestsFromTestCase(Case))
print(result, stream.getvalue().splitlines()[0])
print(result.failures[0][1])
print(doctest.testmod(report=True))
