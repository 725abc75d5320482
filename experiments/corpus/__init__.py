"""Labelled rows: reading, splitting and checking them, and their exchange with labelling tools."""
