"""From an entity to its prediction: features as of a time, by one function for training, scoring and MLflow."""
