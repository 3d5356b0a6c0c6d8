"""The stops of the tour: each function whose name begins with `visit_` uses a few modules and yields lines."""

from stops import compression, data, network, numbers, system, text


def all_stops():
    """Yields (name, function) of every stop."""
    for module in (numbers, data, text, compression, network, system):
        for name, function in vars(module).items():
            if name.startswith("visit_"):
                yield name.removeprefix("visit_"), function
