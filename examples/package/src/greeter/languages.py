"""Languages, found by the entry points of group `greeter.languages`."""

from importlib import resources


class Language:
    """A language whose greeting stands in a data file."""

    file_name = ""

    def greet(self, name):
        """The greeting for `name`."""
        template = resources.files("greeter.data").joinpath(self.file_name).read_text(encoding="utf-8")
        return template.strip().format(name=name)


class English(Language):
    """Hello."""

    file_name = "english.txt"


class German(Language):
    """Grüß Gott."""

    file_name = "german.txt"
