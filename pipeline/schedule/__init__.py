"""`marquee schedule`: runs of the pipeline at the times of a cron expression, one after another."""
