"""Base of all packages: errors, strict configuration models, atomic files, TFRecord reading."""
