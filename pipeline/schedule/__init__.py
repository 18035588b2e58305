"""Scheduled runs of the pipeline (`marquee schedule`) at the times of a cron expression."""
