"""Which sentences to label next: those that the model doubts, unlike each other, and a part drawn at random."""
