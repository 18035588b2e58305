"""The parts of the reliability campaign, one per file: see `benchmarks/reliability.py`."""
