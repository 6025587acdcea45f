"""Listening to voice notes: one small port, and who can do it."""
