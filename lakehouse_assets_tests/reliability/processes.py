"""Starting writers together and seeing them through."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOM = 240.0


def start(gate: Path, number: int, **what: Any) -> "subprocess.Popen[str]":
    """A writer that waits at the gate."""
    gate.mkdir(parents=True, exist_ok=True)
    told = json.dumps({"gate": str(gate), "number": number, **what})
    command = [sys.executable, "-W", "ignore", "-m", "lakehouse_assets_tests.reliability.worker", told]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def let_go(gate: Path, writers: "list[subprocess.Popen[str]]") -> None:
    """Waits until all writers are at the gate, and opens it."""
    while len(list(gate.glob("ready-*"))) < len(writers):
        for writer in writers:
            assert writer.poll() is None, writer.communicate()[1][-3000:]
        time.sleep(0.005)
    (gate / "go").touch()


def see_through(gate: Path, writers: "list[subprocess.Popen[str]]") -> list[str]:
    """Opens the gate and waits until every writer has ended well; what each said on its standard error."""
    let_go(gate, writers)
    said = [writer.communicate(timeout=ROOM)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * len(writers), "\n".join(said)[-5000:]
    return said
