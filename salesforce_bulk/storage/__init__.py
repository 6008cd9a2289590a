"""What outlives a process, what waits outside memory."""
