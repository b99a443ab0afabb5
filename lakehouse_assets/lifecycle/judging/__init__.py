"""Whether a model may serve: metrics with intervals, baselines, the gate, promotion, rolling back, the card."""
