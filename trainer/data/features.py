"""The names of the features in a rating's tf.Example, the same as in TFDS's MovieLens.

One tf.Example is one rating. Demographic features exist only if the data set has them. For every data set,
code calls what all of them have (ROLES) by these names; another data set's own are in `trainer.data.names`.
"""

USER_ID = "user_id"  # bytes, one value
MOVIE_ID = "movie_id"  # bytes, one value
MOVIE_TITLE = "movie_title"  # bytes, one value: UTF-8 "Title (year)"
MOVIE_GENRES = "movie_genres"  # bytes, any number of names
TIMESTAMP = "timestamp"  # int64, seconds since 1970
USER_RATING = "user_rating"  # float, stars

EVENT = "event_type"  # bytes, one value: of implicit data of several types of events alone

USER_AGE = "raw_user_age"  # float, years (ML-1M: the lower end of an age group)
USER_GENDER = "user_gender"  # bytes, "M" or "F"
USER_OCCUPATION = "user_occupation_text"  # bytes
USER_ZIP_CODE = "user_zip_code"  # bytes

ROLES = (USER_ID, MOVIE_ID, MOVIE_TITLE, TIMESTAMP, USER_RATING)  # in every data set
DEMOGRAPHICS = (USER_AGE, USER_GENDER, USER_OCCUPATION, USER_ZIP_CODE)

# The splits: for training; for early stopping, tuning and blessing; and for the report alone.
TRAIN, EVAL, TEST = "train", "eval", "test"
SPLITS = (TRAIN, EVAL, TEST)
