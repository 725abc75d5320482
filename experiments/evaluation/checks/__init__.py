"""What is checked of a measured model: a module a family of checks, and `run` with the list of all."""
