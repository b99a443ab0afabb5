"""The use-case component: one YAML, and a prediction problem goes the whole road from features to monitoring."""
