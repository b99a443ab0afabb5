"""Whether a use case is trained again: what is known, the decision, its table, the sensor that asks for the run."""
