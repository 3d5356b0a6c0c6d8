"""A package of tests, found by name, with a doctest.

>>> 1 + 1
2
"""
