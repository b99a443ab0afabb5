"""Predictions of the champion and the challenger, and what came of them."""
