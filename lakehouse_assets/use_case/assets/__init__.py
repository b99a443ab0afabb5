"""The assets that every use case has."""
