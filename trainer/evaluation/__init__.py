"""How good lists and ratings are."""
