"""Whether to train again: signals, episodes, policy, and a pure decision from all that is known."""
