"""What is conformed across the domains: the equipment that all of them are about."""
