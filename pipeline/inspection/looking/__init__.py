"""What is in files of unknown format: which files there are, how they are written, and their columns."""
