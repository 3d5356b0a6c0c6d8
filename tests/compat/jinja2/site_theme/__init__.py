"""A package whose data are templates."""
