"""From observations to a candidate: training rows, settings, the search, parity with scoring."""
