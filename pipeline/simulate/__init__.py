"""Simulation (`marquee simulate`) that replays a data set span by span through the real pipeline."""
