"""Reading of ratings, movies and users from the files of a data set."""
