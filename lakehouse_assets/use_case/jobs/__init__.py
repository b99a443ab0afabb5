"""The jobs of a use case: its schedule, training again what was registered, rolling back."""
