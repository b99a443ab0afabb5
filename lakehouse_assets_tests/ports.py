"""Ports of 127.0.0.1 for servers that tests start.

A port that the kernel hands out may be anybody's a moment later: of the other test process, or of any connection that
goes out. Between asking for one and the server that binds it lie minutes. So each process takes a block of ports below
those that the kernel hands out, and holds the block's first port for as long as it lives: whose block it is.
"""

import atexit
import socket
from collections.abc import Iterator

#: Above the ports that browsers refuse, below those of connections that go out (32768 and more on Linux).
FIRST, LAST, BLOCK = 20_000, 32_000, 100


def _bound(port: int) -> socket.socket | None:
    """A socket that holds the port, unless somebody has it."""
    mark = socket.socket()
    try:
        mark.bind(("127.0.0.1", port))
    except OSError:
        mark.close()
        return None
    return mark


def _own_ports() -> Iterator[int]:
    """The ports of block after block, each block being nobody else's."""
    for first in range(FIRST, LAST, BLOCK):
        mark = _bound(first)
        if mark is not None:
            atexit.register(mark.close)
            yield from range(first + 1, first + BLOCK)


_PORTS = _own_ports()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, and that no other test process gets as long as this one lives.

    Raises:
        RuntimeError: all blocks are taken.
    """
    for port in _PORTS:
        probe = _bound(port)
        if probe is not None:
            probe.close()
            return port
    raise RuntimeError(f"No block of {BLOCK} ports between {FIRST} and {LAST} of 127.0.0.1 is free.")
