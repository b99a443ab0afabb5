"""A simulated plant that delivers turbofan files day by day, so that a fresh clone runs without a network."""
