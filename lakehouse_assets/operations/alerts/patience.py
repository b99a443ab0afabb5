"""How long a tick waits for channels: whoever does not answer must hold up nobody else.

A sensor's tick is given up after 60 s, and the next one, which knows nothing of what the first still sends, would send
it again. A channel that hangs costs 4 s for the connection or 15 s for the answer (`channels.ANSWERS_WITHIN`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from lakehouse_assets.operations.alerts.channels import LOG
from lakehouse_assets.operations.alerts.telling import BEGAN, OWED, Telling

#: Seconds after which a tick asks no channel any more.
TELLS_FOR = 30.0
#: A channel that made wait this many seconds and took nothing is asked no more. One that refuses a message at once
#: costs nothing, and may well take the next.
WAITS_FOR = 1.0


class Patience:
    """With whom a tick still has patience. The log is always asked: what it was told stands in the table."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin now.

        Args:
            clock: Seconds, from whatever beginning.
        """
        self._clock, self._ends = clock, clock() + TELLS_FOR
        self._asked = clock()
        self._silent: set[str] = set()

    def asks(self, channel: str) -> bool:
        """Whether a channel is asked now."""
        self._asked = self._clock()
        return channel == LOG or (channel not in self._silent and self._asked < self._ends)

    def took_nothing(self, channel: str) -> None:
        """Remember that the channel which was asked last did not take its message."""
        if self._clock() - self._asked >= WAITS_FOR:
            self._silent.add(channel)


def in_turn(tellings: Sequence[Telling], told: Collection[str]) -> list[Telling]:
    """The log first, then the channels that answered so far, then those that have missed something; else as given.

    Args:
        tellings: What is to be told.
        told: `entry` of all rows of the table.
    """
    behind = {one.channel for one in tellings if one.state == BEGAN and owed(one).entry in told}
    return sorted(tellings, key=lambda one: (one.channel != LOG, one.channel in behind))


def owed(telling: Telling) -> Telling:
    """What says that a channel was to be told that something began."""
    return replace(telling, state=OWED)
