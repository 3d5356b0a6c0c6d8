# A file left open is warned of at the end where the program has asked for that, and only there.
#| SameAsPython
#| Args: default
#| Args: error
#| Args: ignore
#| Args: nothing
#| Args: closed
#| Args: all
import sys
import warnings

action = sys.argv[1]
if action == "all":
    warnings.resetwarnings()
elif action != "nothing":
    warnings.simplefilter("default" if action == "closed" else action, ResourceWarning)
file = open("text.txt", "w")
file.write("text")
if action == "closed":
    file.close()
print(action)
