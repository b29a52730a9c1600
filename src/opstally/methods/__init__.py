"""Statistical methods: one a file, pure functions on plain lists, each with its reference and its guards."""
