"""Parts of the reliability campaign, one per file; `benchmarks/reliability.py` runs them."""
