"""Erasing a person from every table of the lake, its past included (docs/personal_data.md)."""
