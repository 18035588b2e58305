"""The sections about how good ratings and lists are."""
