"""Writers in processes of their own: several at once, or killed on the way."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any


class Nursery:
    """A process that has everything imported and forks writers: a writer costs milliseconds, not an interpreter."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "lakehouse_assets_tests.reliability.nursery"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def at_once(self, *writers: list[dict[str, Any]]) -> None:
        """Writers that start together, each with its list of writes; all have to end well."""
        self._say(list(writers))
        self._hear()
        assert self._hear() == [0] * len(writers)

    def killed(self, write: dict[str, Any], after: float) -> None:
        """One writer, killed after so many seconds unless it is done before."""
        self._say([[write]])
        (pid,) = self._hear()
        time.sleep(after)
        with contextlib.suppress(ProcessLookupError):  # done already
            os.kill(pid, signal.SIGKILL)
        assert self._hear()[0] in (0, signal.SIGKILL)

    def seconds(self, write: dict[str, Any]) -> float:
        """One writer seen to its end; how long it took."""
        began = time.monotonic()
        self.at_once([write])
        return time.monotonic() - began

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _say(self, what: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> list[int]:
        assert self._process.stdout is not None
        numbers: list[int] = json.loads(self._process.stdout.readline())
        return numbers
