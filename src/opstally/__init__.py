"""Opstally: operations analytics for SaaS companies. Every number comes with its receipt."""

__version__ = "0.1.0"
