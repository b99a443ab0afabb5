"""What a retraining policy would have done: a use case's past days played as nights from its own tables."""
