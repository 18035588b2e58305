"""Command line `marquee`, with one module per family of commands."""
