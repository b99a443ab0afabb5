"""What `make ui` leaves behind."""

import subprocess
import sys

from lakehouse_assets.operations.ui import stop

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


def test_a_daemon_that_is_too_busy_to_end_is_ended_by_force() -> None:
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # from now on it is deaf
        try:
            stop(process, within=0.2)
            assert process.poll() is not None
        finally:
            process.kill()
