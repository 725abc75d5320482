"""What a YAML may say, and how files and overrides become one config."""
