"""Pages of the company itself and of signing in."""
