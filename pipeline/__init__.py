"""Orchestration: configuration, DAG, runners, and command line."""
