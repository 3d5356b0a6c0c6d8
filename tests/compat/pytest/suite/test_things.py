"""Tests that pass, fail, skip and are expected to fail."""

import warnings

import pytest


def test_numbers(numbers):
    assert sum(numbers) in (3, 6)


@pytest.mark.parametrize(("text", "length"), [("a", 1), ("bb", 2), ("ü", 1)])
def test_length(text, length):
    assert len(text) == length


def test_rewriting_shows_values():
    left = {"a": 1, "b": [1, 2]}
    assert left == {"a": 1, "b": [1, 3]}


def test_conftest_is_rewritten(checker):
    checker(3)


def test_output(capsys):
    print("said")
    assert capsys.readouterr().out == "said\n"


def test_fails_with_output():
    print("captured words")
    raise ValueError("on purpose")


def test_raises_and_warns():
    with pytest.raises(ZeroDivisionError, match="division"):
        1 / 0
    with pytest.warns(UserWarning, match="careful"):
        warnings.warn("careful", stacklevel=1)


def test_patched(monkeypatch):
    monkeypatch.setenv("FROZEN", "yes")
    import os

    assert os.environ["FROZEN"] == "yes"


@pytest.mark.skip(reason="not today")
def test_skipped():
    raise AssertionError


@pytest.mark.xfail(raises=KeyError)
def test_expected_failure():
    {}["nothing"]


def test_approximate():
    assert 0.1 + 0.2 == pytest.approx(0.3)
