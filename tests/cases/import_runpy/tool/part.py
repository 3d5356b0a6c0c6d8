import sys
VALUE = (__name__, sys.argv[0].endswith("part.py"), __file__)
print(VALUE)
