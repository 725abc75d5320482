"""MLflow, and nothing else talks to it: the store, runs, models, the registry, the UI."""
