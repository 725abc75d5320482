"""A model on labelled rows: measured, reported, drawn, explained."""
