"""Runs that people ask for to repair something: what they would make, and the requests that a sensor carries out."""
