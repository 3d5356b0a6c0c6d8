"""Found with `--pyargs`."""


def test_package():
    assert __package__ == "checks"
