"""A sample for highlighting."""


async def f(x: int = 3, *args) -> "None":
    print(f"{x!r:>10} {args}", end="\n")  # comment
