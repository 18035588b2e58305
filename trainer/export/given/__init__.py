"""Features of users that people give in requests: the inputs, the columns made of them, and their check."""
