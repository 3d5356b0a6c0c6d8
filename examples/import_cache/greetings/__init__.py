"""A package with one module."""

from greetings.words import greet
