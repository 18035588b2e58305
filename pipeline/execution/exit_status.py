"""Exit statuses of `marquee run` other than 0 and 1."""

#: The run succeeded, but its models are not good enough to serve.
REFUSED = 3
