"""`marquee ui`: the workspace in a browser, to read and to try; nothing is changed through it."""
