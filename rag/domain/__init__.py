"""Pure rules of knowledge: words, chunks, ranking. Standard library only."""
