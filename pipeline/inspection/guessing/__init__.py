"""What files and columns mean: roles, types, joins, models; each guess with its reason."""
