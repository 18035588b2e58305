"""What each command is called and takes: one file per family. What it does stands beside this folder."""
