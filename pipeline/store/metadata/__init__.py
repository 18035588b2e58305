"""What ML Metadata knows of runs."""
