"""Inspection of files that nobody has described: what they are, proposed as a configuration with reasons.

`looking` reads files, `guessing` proposes, `writing` writes it down. Nothing here prints: the command
line does (`pipeline.cli.printing.inspection`).
"""
