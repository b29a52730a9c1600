"""What can be declared: one pydantic model a file."""
