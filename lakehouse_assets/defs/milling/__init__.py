"""The milling domain: products of milling machines, and the failures that an inspection finds the next day."""
