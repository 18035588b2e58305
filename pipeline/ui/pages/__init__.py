"""The pages, one a file: what each shows, as plain data for its template."""
