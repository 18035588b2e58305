"""Access to the runs in ML Metadata."""
