"""What scored articles say together: shares of labels over time and by group, marking words, typical sentences."""
