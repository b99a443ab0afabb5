"""Windows without drift, drawn from what the reference shows of itself: series, groups, a handful of groups."""
