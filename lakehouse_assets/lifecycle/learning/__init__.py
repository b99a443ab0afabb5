"""What learns: models of each task behind one interface, their rows and settings, and the search for settings."""
