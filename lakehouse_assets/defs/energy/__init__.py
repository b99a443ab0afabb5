"""The energy domain: quarter-hourly readings of electricity meters."""
