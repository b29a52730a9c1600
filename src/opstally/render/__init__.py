"""Results for readers: the terminal, JSON, CSV, Markdown and self-contained HTML."""
