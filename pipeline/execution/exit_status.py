"""Exit statuses of `marquee run`, beside 0 and 1."""

#: The run ended well, and its models are not good enough to serve.
REFUSED = 3
