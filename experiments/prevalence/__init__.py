"""Shares of labels in scored articles, corrected by a labelled sample: which sentences to label, and what they tell."""
