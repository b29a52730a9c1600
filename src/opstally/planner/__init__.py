"""Metrics × dimensions × period × filters → one logical plan → one SQL text. Pure: no input or output."""
