"""A small book."""

project = "Cold things"
copyright = "nobody"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.viewcode"]
html_theme = "alabaster"
exclude_patterns = ["out", "text"]
