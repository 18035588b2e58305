"""Pages of the UI, one module per page, each of which returns plain data for its template."""
