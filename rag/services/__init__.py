"""Use cases of knowledge. Each is a keyword-only function; the faces call these and nothing below."""
