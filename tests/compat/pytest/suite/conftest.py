"""Fixtures of the suite."""

import pytest


@pytest.fixture(params=[1, 2])
def numbers(request):
    """One of two lists."""
    return list(range(request.param + 2))


@pytest.fixture
def checker():
    """A function whose assertion stands in the conftest."""

    def check(value):
        assert value == 4

    return check
