"""What a sweep is made of: what it tries, where its trials are kept, how one is measured, and the page about it."""
