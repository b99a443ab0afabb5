"""Drift of a use case's features, predictions and outcomes against its champion's reference."""
