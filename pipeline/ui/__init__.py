"""Read-only web UI of a workspace (`marquee ui`), in which models can also be tried."""
