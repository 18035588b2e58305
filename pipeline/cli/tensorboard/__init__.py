"""`marquee tensorboard`."""
