"""Rules of the agents over plain values. Standard library only."""
