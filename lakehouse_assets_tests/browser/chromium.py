"""Which browser the tests drive, and how it is started."""

import os
import shutil

#: Debian's chromium; Playwright's own browsers are never downloaded.
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")

WITHOUT_IT = (
    "These tests look at the UI through Debian's chromium, which is not here. Install it (apt-get install chromium) "
    "or set CHROMIUM to a Chromium's path."
)

#: Chromium as root, without a screen, and without looking for its maker's hosts.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
