"""Package of the command `marquee tensorboard`."""
