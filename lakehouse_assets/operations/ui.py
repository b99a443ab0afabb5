"""`make ui`: the Dagster webserver, the daemon for schedules and sensors, and the reports, on this machine only."""

import functools
import http.server
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from lakehouse_assets import settings
from lakehouse_assets.operations.embedded import prepare_dagster_home
from lakehouse_assets.operations.health.reports import write_runbooks

GONE = (
    "There is no such page. Pages of reports are kept for as long as the contract of their table says (its retention: "
    "keep_reports_days of the use case); the figures of every day stay in the table, monitoring/<use case>/drift."
)


def main() -> int:
    """Start the three and wait; stopping this, by Ctrl-C or by `kill`, stops them all."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings.switch_telemetry_off()
    home = settings.dagster_home()
    os.environ["DAGSTER_HOME"] = str(home)
    prepare_dagster_home(home)
    host, port = os.environ.get("UI_HOST", "127.0.0.1"), os.environ.get("UI_PORT", "3000")
    serve_reports(settings.reports_root(), settings.reports_url())
    workspace = ["-w", str(settings.PROJECT_ROOT / "workspace.yaml")]
    binaries = Path(sys.executable).parent
    daemon = subprocess.Popen([binaries / "dagster-daemon", "run", *workspace])
    try:
        return subprocess.call([binaries / "dagster-webserver", *workspace, "-h", host, "-p", port])
    except KeyboardInterrupt:
        return 0
    finally:
        stop(daemon)


def stop(process: "subprocess.Popen[bytes]", within: float = 30) -> None:
    """End a process, by force if it has not ended within so many seconds: none that nobody knows of stays behind.

    What a daemon is killed in the midst of, the next one makes up for, as after any other death.
    """
    process.terminate()
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def serve_reports(folder: Path, url: str) -> http.server.ThreadingHTTPServer:
    """Serve the report pages in a thread, so that links on asset pages open, under the address of `REPORTS_URL`.

    Raises:
        SystemExit: the address is taken; says which and what to do.
    """
    from urllib.parse import urlsplit

    # Messages and asset pages link to them, whether or not the page of health was ever made.
    write_runbooks(folder)
    address = urlsplit(url)
    handler = functools.partial(_Quiet, directory=str(folder))
    try:
        server = http.server.ThreadingHTTPServer((address.hostname or "127.0.0.1", address.port or 3001), handler)
    except OSError as error:
        raise SystemExit(
            f"The reports cannot be served on {url} ({error.strerror}): stop the other `make ui`, or set REPORTS_URL "
            "to an address that is free."
        ) from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        """Say nothing about each page that is opened."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say of a page that is gone why: old partitions still link to theirs."""
        super().send_error(code, message, GONE if code == http.HTTPStatus.NOT_FOUND else explain)


if __name__ == "__main__":
    sys.exit(main())
