"""The configuration of a run: its schema, where it is read from, its reference."""
