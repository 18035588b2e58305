"""Values of described features as tables by user or by item."""
