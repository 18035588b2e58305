"""WHEN things run: configuration, the DAG, runners, the command line."""
