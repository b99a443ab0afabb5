"""Two test processes at once never start servers at one port."""

import socket
import subprocess
import sys

import pytest

from lakehouse_assets_tests import ports
from lakehouse_assets_tests.ports import free_port

TOLD = "from lakehouse_assets_tests.ports import free_port; print(*(free_port() for _ in range(150)))"


def test_no_port_of_another_process_that_lives_is_given() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", f"{TOLD}; import sys; sys.stdout.flush(); sys.stdin.read()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        theirs = {int(port) for port in other.stdout.readline().split()}
        ours = [free_port() for _ in range(150)]
    assert len(theirs) == len(set(ours)) == 150
    assert not theirs & set(ours)


def test_a_port_that_somebody_listens_on_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, free = free_port(), free_port()
    monkeypatch.setattr(ports, "_PORTS", iter([taken, free]))
    with socket.create_server(("127.0.0.1", taken)):
        assert free_port() == free
