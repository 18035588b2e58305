"""Which files hold the data, in what layout."""
