"""The company that is attacked, the ways in, and the judge: what the trust tests and `python -m bench.trust` share."""
