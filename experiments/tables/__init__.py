"""Tables of rows, read the same way by every command: delimited text, JSON, Parquet, and what a cell is."""
