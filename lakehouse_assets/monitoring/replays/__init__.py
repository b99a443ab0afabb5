"""What a policy would have done: past days played as nights."""
