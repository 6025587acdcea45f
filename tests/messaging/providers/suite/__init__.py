"""One set of behaviours for every provider: each runs against each adapter and its local server. See benches.py."""
