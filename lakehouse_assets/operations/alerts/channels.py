"""Where people are told: the log, and whatever `ALERT_URLS` names, by Apprise.

An address of Apprise holds its secret (`slack://token…`, `mailto://user:password@…`). It is read from the environment
when something is to be told, and is nowhere else: a channel is known by its scheme and a digest.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakehouse_assets.operations.alerts.messages import Message

LOG = "log"
#: Addresses of Apprise, separated by blanks or commas.
ALERT_URLS = "ALERT_URLS"


class NotToldError(RuntimeError):
    """A channel did not take a message. It is told again at the next tick."""


def addresses() -> dict[str, str]:
    """The addresses by the name of their channel.

    A comma may stand within an address (several people of one mail), so one separates two only where a scheme follows.
    """
    import re

    given = os.environ.get(ALERT_URLS, "")
    found = [one.strip() for one in re.split(r"\s+|,(?=\s*[A-Za-z][A-Za-z0-9+.-]*://)", given)]
    return {_name(one): one for one in found if one}


def channels(log: Callable[[str], None]) -> Mapping[str, Callable[[Message], None]]:
    """How to tell each channel.

    Args:
        log: Takes a text; the channel that is always there.
    """

    def to_log(message: Message) -> None:
        log(f"[{message.loudness}] {message.title}\n{message.body}")

    return {LOG: to_log, **{name: _by_apprise(name, address) for name, address in addresses().items()}}


def _name(address: str) -> str:
    return f"{address.split(':', 1)[0].lower()}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"


def _by_apprise(name: str, address: str) -> Callable[[Message], None]:
    def tell(message: Message) -> None:
        import apprise

        sender = apprise.Apprise()
        if not sender.add(address):
            raise NotToldError(f"Channel {name} is not an address that Apprise knows; put {ALERT_URLS} right.")
        sent = sender.notify(
            title=message.title,
            body=message.body,
            notify_type=apprise.NotifyType(message.loudness),
            body_format=apprise.NotifyFormat.TEXT,
        )
        if not sent:
            raise NotToldError(f"Channel {name} did not take {message.title!r}; it is told again at the next tick.")

    return tell
