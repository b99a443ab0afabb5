"""Secrets of the environment, taken out of texts that leave the process: an error may quote an address with its key."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

#: Names of variables whose values are secret.
SECRET = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|ACCESS_KEY|API_KEY|PSEUDONYM_KEY$|ALERT_URLS")
#: A password within an address, as `postgresql://user:password@host` has it.
_IN_ADDRESS = re.compile(r"(?<=://)([^\s/:@]*):([^\s/@]+)(?=@)")
#: Shorter values would blank ordinary words.
_SHORTEST = 6
HIDDEN = "•••"


def without_secrets(text: str, environment: Mapping[str, str] | None = None) -> str:
    """The text with every secret value of the environment, and every password in an address, hidden."""
    values = os.environ if environment is None else environment
    secrets = [part for name, value in values.items() if SECRET.search(name) for part in [value, *value.split()]]
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, HIDDEN)
    return _IN_ADDRESS.sub(rf"\1:{HIDDEN}", text)
