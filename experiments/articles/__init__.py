"""Documents to articles to sentences to scores."""
