"""What a workspace holds, read and typed. Terminal, report and pages render what it returns."""
