# Arguments that look like an interpreter's reach the program when it is not its own parent.
#| Run: shell
#| Args: -c print(1)
#| Args: -m json
#| Args: -V
#| Args: --multiprocessing-fork x
#| Args: -I -c x
#| Args: --version
#| SameAsPython
import sys

print("the program", sys.argv[1:])
