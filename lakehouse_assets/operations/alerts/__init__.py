"""Telling people of incidents: facts become incidents, incidents become messages, each told once a channel."""
