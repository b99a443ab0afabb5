"""What people start by hand: the demo with its summary, the UI."""
