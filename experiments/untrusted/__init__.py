"""What is looked at before a file that a stranger may have made is believed: its kind, its size, its parts."""
