"""Reads again what score wrote: which files, and their rows as sentences."""
