"""What every Python process does as it starts under a moved clock (`moved_clock`).

`time.sleep` asks the kernel to sleep until an instant of the monotonic clock, which libfaketime 0.9.10 gets wrong where
that clock is left real ("Invalid argument"). Waiting for nothing to happen sleeps for a span.
"""

import select
import time


def sleep(seconds: float) -> None:
    """Sleep as `time.sleep` does.

    Raises:
        ValueError: the span is negative.
    """
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = sleep
