"""Which errors can pass by themselves: the one place that says after what a step is tried again, and after what not.

A conflict with another writer, a locked file and a disk or network that comes and goes can pass. A broken contract, a
wrong configuration, a full disk, a missing right and a fault in code cannot: trying again would only tell later.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from lakehouse_assets.lake.errors import LakeError, StorageError, WriteConflictError

#: Seconds before a step is tried again for the first, second and third time.
PAUSES_S = (2, 15, 60)

#: What the operating system says of something that is taken, or of a disk or network that is away for a moment.
ERRNOS = frozenset(
    {
        errno.EAGAIN,
        errno.EBUSY,
        errno.EDEADLK,
        errno.EINTR,
        errno.EIO,
        errno.ENOLCK,
        errno.ESTALE,
        errno.ETXTBSY,
        errno.ECONNABORTED,
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.EPIPE,
        errno.ETIMEDOUT,
    }
)
#: The same in the words of the engines, which keep no error number.
_WORDS = (
    r"database (?:table )?is locked|[Cc]ould not set lock|[Rr]esource (?:temporarily unavailable|busy)|"
    r"Input/output error|[Ss]tale file handle|Interrupted system call|Connection (?:refused|reset)|"
    r"error sending request|timed out|ServiceUnavailable|SlowDown|Too Many Requests|InternalError"
)
#: Classes of the engines whose words count. Those of others may hold rows, and rows may say anything.
_ENGINES = frozenset({"OperationalError", "IOException", "ConnectionException", "MlflowException", "DeltaError"})


def may_pass(error: BaseException) -> bool:
    """Whether an error can be gone when the same is tried again a little later; what caused it counts as well."""
    for one in _chain(error):
        if isinstance(one, WriteConflictError):
            return True
        if isinstance(one, StorageError):
            return re.search(_WORDS, str(one)) is not None
        if isinstance(one, LakeError):
            return False
        if isinstance(one, OSError) and one.errno is not None:
            return one.errno in ERRNOS
        if _ENGINES & {kind.__name__ for kind in type(one).__mro__} and re.search(_WORDS, str(one)):
            return True
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what it was raised from, and so on."""
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
