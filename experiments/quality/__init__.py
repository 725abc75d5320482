"""Is this corpus fit to train on: duplicates, doubtful labels, agreement between annotators."""
