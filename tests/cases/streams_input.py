# input() and iteration over stdin.
#| SameAsPython
#| Stdin: Ada\n
name = input("name? ")
print(f"[{name}]")
try:
    input("more? ")
except EOFError as error:
    print("EOFError", error)
