"""Export of served models to files for other runtimes."""
