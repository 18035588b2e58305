"""Typed read access to the contents of a workspace, for the terminal, the report and the UI."""
