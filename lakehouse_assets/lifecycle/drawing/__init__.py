"""Plots of errors, probabilities and forecasts, as PNG."""
