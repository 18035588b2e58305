"""Items that nobody has touched: what models serve for them follows from their features."""
