"""The proposal on paper: a configuration with comments, a schema, and rows as they would be read."""
