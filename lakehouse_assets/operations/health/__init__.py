"""How the platform is, at one look: facts become a model of health, and that a page or a text."""
