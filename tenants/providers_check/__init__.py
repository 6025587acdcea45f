"""Kinds of credentials: which names exist, what they look like, and how their provider says whether they work."""
