"""Which values of the environment are secret, and texts without them: an error may quote an address with its key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

#: Names of variables and storage options whose values are secret.
SECRET = re.compile(
    r"secret|passw|token|credential|(?:access|account|master|api|private)_?key|signature|(?:^|_)sas(?:_|$)"
    r"|pseudonym_key$|alert_urls$",
    re.IGNORECASE,
)
#: A password within an address, as `postgresql://user:password@host` has it.
_IN_ADDRESS = re.compile(r"(?<=://)([^\s/:@]*):([^\s/@]+)(?=@)")
#: The same where the whole value is an address; what is not escaped in it may hold any sign.
_OF_ADDRESS = (
    re.compile(r"://[^\s/:@]*:(\S+?)@"),
    re.compile(r"://[^\s/:@]*:(\S+)@"),
    re.compile(r"://\S*[?&](?:password|sslpassword|token|access_token|sig)=([^\s&#]+)", re.IGNORECASE),
)
#: What a text calls a secret itself: a signed address (SAS, presigned S3), a connection string, a header of a request.
_CALLED_SO = re.compile(
    r"(\b(?:(?:x-(?:amz|goog)-)?(?:sig|signature|security-token)|access_?token|api_?key|account_?key|shared_?access_?key"
    r"|client_?secret|password|pwd)=|\bauthorization['\"]?\s*[:=]\s*['\"]?(?:bearer |basic )?|\bbearer (?=\S{16}))"
    r"([^\s&;,'\"<>]+)",
    re.IGNORECASE,
)
#: Shorter values would blank ordinary words, shorter parts of an address the words of its path.
_SHORTEST, _SHORTEST_PART = 6, 8
HIDDEN = "•••"


def secret_values(variables: Mapping[str, str], shortest: int = _SHORTEST) -> list[str]:
    """The values that must not be shown, the longest first.

    They are those of variables whose name says so, the password of every address whatever its variable is called, and
    of addresses that are secret as a whole (`slack://token/…`) each part that could be a token.

    Args:
        variables: Values by their names: the environment's, or storage options.
        shortest: Characters that a value must have to be looked for.
    """
    found = {one for name, value in variables.items() for one in _of(name, value)}
    return sorted((one for one in found if len(one) >= shortest), key=len, reverse=True)


def without_secrets(text: str, environment: Mapping[str, str] | None = None) -> str:
    """The text with every secret value of the environment hidden, and what it calls a secret itself."""
    for secret in secret_values(os.environ if environment is None else environment):
        text = text.replace(secret, HIDDEN)
    return without_named_secrets(text)


def without_named_secrets(text: str) -> str:
    """The text with the password of every address, the signature of a signed one and the key of a request hidden."""
    return _CALLED_SO.sub(rf"\1{HIDDEN}", _IN_ADDRESS.sub(rf"\1:{HIDDEN}", text))


def _of(name: str, value: str) -> Iterator[str]:
    for pattern in _OF_ADDRESS:
        for password in pattern.findall(value):
            yield from (password, unquote(password))
    if not SECRET.search(name):
        return
    yield value
    for word in re.split(r"[\s,]+", value):
        yield word
        parts = re.split(r"[/:@?&=#;]+", word.partition("://")[2])
        # A name with a full stop is a host's, and helps whoever has to put the address right.
        yield from (part for part in parts if len(part) >= _SHORTEST_PART and "." not in part)
