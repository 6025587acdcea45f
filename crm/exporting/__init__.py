"""Lists on their way out, as spreadsheets."""
