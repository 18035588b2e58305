"""Printing of the contents of a workspace by commands."""
