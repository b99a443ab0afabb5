"""A clock that a test moves on, for the daemon and all that it starts (Debian's libfaketime, preloaded)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: Where Debian keeps the library, on any machine.
LIBRARIES = "*/faketime/libfaketimeMT.so.1"
#: The daemon's scheduler sleeps, by its own clock, until the next full minute. A clock that always stands just before
#: one lets it look every few seconds of ours.
SECOND = 57
_FORM = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class MovedClock:
    """Says what time it is to processes that run in its environment. It stands still until it is moved on."""

    file: Path

    @property
    def environment(self) -> dict[str, str]:
        """For processes that shall believe it. Files, and whatever counts seconds (time-outs), keep real time."""
        [library] = Path("/usr/lib").glob(LIBRARIES)
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            # Reads the file once a second and not at every call: most of what a daemon costs under another clock.
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "TZ": "UTC",
            "PYTHONPATH": str(Path(__file__).parent / "under_moved_clock"),
            # Threads that were last seen a day ago by this clock are not dead.
            "DAGSTER_DAEMON_HEARTBEAT_TOLERANCE": str(10**9),
        }

    def set(self, at: datetime) -> None:
        """Make it this time (UTC), at once and for all."""
        new = self.file.with_suffix(".new")
        new.write_text(at.strftime(_FORM), encoding="utf-8")
        new.replace(self.file)

    def now(self) -> datetime:
        """What time it is there."""
        return datetime.strptime(self.file.read_text(encoding="utf-8"), _FORM).replace(tzinfo=UTC)

    def move_on(self) -> None:
        """To the end of the next minute."""
        self.move_to(self.now() + timedelta(minutes=1))

    def move_to(self, at: datetime) -> None:
        """To the end of a later minute.

        Raises:
            ValueError: it lies in the past: a clock does not go back.
        """
        if at <= self.now():
            raise ValueError(f"the clock stands at {self.now():{_FORM}}, after {at:{_FORM}}")
        self.set(at.replace(second=SECOND, microsecond=0))
