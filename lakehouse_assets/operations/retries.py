"""Steps are tried again, with longer and longer pauses, after an error that can pass, and after no other.

Dagster's own retry policy answers every error alike: a broken contract would be told a minute late. So each function
that makes an asset or evaluates a check is put into `lake.asking_again`, and `lake.passing` decides. The IO manager,
which reads and writes for them, does the same.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import dagster as dg
from dagster._core.definitions.decorators.op_decorator import DecoratedOpFunction

from lakehouse_assets.lake.asking_again import asking_again

_MARK = "_asks_again"


def with_retries(loaded: dg.Definitions) -> dg.Definitions:
    """Let every asset and check of a code location be tried again after what can pass.

    Dagster 1.13 has no public way to put a function around those of assets that are defined already.
    """
    for one in (*(loaded.assets or ()), *(loaded.asset_checks or ())):
        if isinstance(one, dg.AssetsDefinition) and isinstance(one.node_def, dg.OpDefinition):
            function = one.node_def.compute_fn
            if isinstance(function, DecoratedOpFunction) and not hasattr(function.decorated_fn, _MARK):
                one.node_def._compute_fn = DecoratedOpFunction(_asking_again(function.decorated_fn))
    return loaded


def _asking_again(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a step, put into `asking_again`; a generator stays one."""
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def asks_again(*args: Any, **kwargs: Any) -> Any:
            with asking_again(_tries_before):
                yield from function(*args, **kwargs)

    else:

        @functools.wraps(function)
        def asks_again(*args: Any, **kwargs: Any) -> Any:
            with asking_again(_tries_before):
                return function(*args, **kwargs)

    setattr(asks_again, _MARK, True)
    return asks_again


def _tries_before() -> int:
    return dg.OpExecutionContext.get().retry_number
