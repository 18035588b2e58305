"""The configuration of a run: its schema, how it is read, and its reference."""
