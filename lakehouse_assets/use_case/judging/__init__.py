"""What decides on a candidate and is told of it: evaluation, gate, card."""
