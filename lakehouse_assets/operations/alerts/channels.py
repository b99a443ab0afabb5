"""Where people are told: the log, and whatever `ALERT_URLS` names, by Apprise.

An address of Apprise holds its secret (`slack://token…`, `mailto://user:password@…`). It is read from the environment
when something is to be told, and is nowhere else: a channel is known by its scheme and a digest.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lakehouse_assets.lake.secrets import without_secrets

if TYPE_CHECKING:
    from lakehouse_assets.operations.alerts.messages import Message

LOG = "log"
#: Addresses of Apprise, separated by blanks or commas.
ALERT_URLS = "ALERT_URLS"
#: Seconds in which a channel may answer. Apprise waits for 4, but a receiver that is busy takes a message first and
#: says so later: not waited for, it would be told the same at every look. An address may say its own (`?rto=`).
ANSWERS_WITHIN = 15.0


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
    # What has no scheme may be a secret as a whole.
    scheme = address.split(":", 1)[0].lower() if "://" in address else "unknown"
    return f"{scheme}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"


def _by_apprise(name: str, address: str) -> Callable[[Message], None]:
    def tell(message: Message) -> None:
        import apprise

        sender = apprise.Apprise()
        with _log_without_secrets():
            if not sender.add(address):
                raise NotToldError(f"Channel {name} is not an address that Apprise knows; put {ALERT_URLS} right.")
            for server in sender:
                if server.socket_read_timeout == apprise.URLBase.socket_read_timeout:
                    server.socket_read_timeout = ANSWERS_WITHIN
            sent = sender.notify(
                title=message.title,
                body=message.body,
                notify_type=apprise.NotifyType(message.loudness),
                body_format=apprise.NotifyFormat.TEXT,
            )
        if not sent:
            raise NotToldError(f"Channel {name} did not take {message.title!r}; it is told again at the next tick.")

    return tell


@contextmanager
def _log_without_secrets() -> Iterator[None]:
    """What Apprise logs meanwhile, without what is secret: of an address that it cannot parse it logs the whole."""
    logger = logging.getLogger("apprise")
    logger.addFilter(_hidden)
    try:
        yield
    finally:
        logger.removeFilter(_hidden)


def _hidden(record: logging.LogRecord) -> bool:
    record.msg, record.args = without_secrets(record.getMessage()), ()
    if record.exc_info:
        record.exc_text = without_secrets(logging.Formatter().formatException(record.exc_info))
    return True
