"""A step that meets an error that can pass asks Dagster to try it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

from lakehouse_assets.lake.passing import PAUSES_S, may_pass


@contextmanager
def asking_again(tries_before: Callable[[], int]) -> Iterator[None]:
    """Turn an error that can pass into a request to try the step again, after a pause that grows.

    Args:
        tries_before: How often the step was tried before this time.

    Raises:
        dagster.RetryRequested: the error can pass. The step fails with it when it is still there after all pauses.
    """
    try:
        yield
    except (dg.Failure, dg.RetryRequested):
        raise
    except Exception as error:
        if not may_pass(error):
            raise
        pause = PAUSES_S[min(tries_before(), len(PAUSES_S) - 1)]
        raise dg.RetryRequested(max_retries=len(PAUSES_S), seconds_to_wait=pause) from error
