"""Search and recognition of the files of a data set."""
