"""From features to a champion that scores: training set, training, evaluation, gate, registry, scoring."""
