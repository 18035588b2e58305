"""Multi-task ranking models: they learn several targets of a pair at once and are served for the rating."""
