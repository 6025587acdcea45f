"""Live events of one company: short-lived rows in its schema, numbered without gaps in the order of the commits."""
