"""What commands print of the facts in a workspace."""
