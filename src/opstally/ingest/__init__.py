"""Exports → canonical tables: read, map, check, and put aside or merge."""

from opstally.ingest.load import load
from opstally.ingest.summary import Loaded, LoadedFile, LoadSummary, Progress

__all__ = ["LoadSummary", "Loaded", "LoadedFile", "Progress", "load"]
