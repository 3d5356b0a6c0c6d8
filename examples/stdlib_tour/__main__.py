"""Puts every extension module of the standard library to work; prints the same lines on every machine."""

import stops


def main():
    """Visits all stops, in the order in which they stand in `stops`."""
    for name, visit in stops.all_stops():
        for line in visit():
            print(f"{name}: {line}")


if __name__ == "__main__":
    main()
