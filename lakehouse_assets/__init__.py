"""A lakehouse and the machine-learning lifecycle on it, as one Dagster asset graph."""

import os

# Before anything imports numpy. Runs go side by side, each in a process of its own, so threads within one only wait for
# each other: on two cores the distances of calibration cost twice the CPU time with OpenBLAS's threads. And a sum whose
# order hangs on the number of cores is not the same bits on another machine. A model's own `num_threads` is not
# concerned.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
