# The working folder is this process's, for everyone who asks.
#| SameAsPython
#| File: here.txt=here
import multiprocessing.process
import os
import pathlib

print(os.getcwd() == str(pathlib.Path.cwd()) == os.path.dirname(os.path.abspath("x")), pathlib.Path("here.txt").read_text())
print(multiprocessing.process.ORIGINAL_DIR == os.getcwd())
os.mkdir("below")
os.chdir("below")
print(pathlib.Path.cwd().name, os.path.exists("here.txt"), os.path.exists("../here.txt"))
