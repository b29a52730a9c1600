"""What can be declared: one model a file."""
