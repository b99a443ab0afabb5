"""What a use case's YAML may say, section by section."""
