"""Drift: a reference, thresholds learned from it, daily reports, and what asks for a retraining."""
