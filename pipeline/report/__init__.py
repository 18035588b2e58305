"""Report of a run as one self-contained HTML file: steps, quality, changes, and how to repeat it."""
