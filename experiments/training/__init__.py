"""From rows to a fitted model: fitting, thresholds, cross-validation."""
