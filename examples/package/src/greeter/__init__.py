"""A package with data files and plugins."""
