import pkg.fifth
print(pkg.fifth.LATER)
LATER = 1
