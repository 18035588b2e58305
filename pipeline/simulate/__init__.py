"""`marquee simulate`: a data set replayed by time, a span after the other, through the real pipeline."""
