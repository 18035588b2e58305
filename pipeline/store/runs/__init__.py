"""Listing, filtering, labelling and comparison of runs."""
