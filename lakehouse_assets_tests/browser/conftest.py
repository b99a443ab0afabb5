"""The project's own servers on a materialised lake, and a headless Chromium that looks at them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    StorageState,
    ViewportSize,
    expect,
    sync_playwright,
)

from lakehouse_assets.settings import OFFLINE
from lakehouse_assets_tests.browser.chromium import CHROMIUM, FLAGS
from lakehouse_assets_tests.browser.visitor import PATIENCE, PATIENCE_WITH_DAEMONS, Servers, Visitor
from lakehouse_assets_tests.conftest import PROJECT, Road, stop_with_its_children
from lakehouse_assets_tests.ports import free_port


@pytest.fixture(scope="package")
def servers(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """`make ui`'s command on the road's lake, in a process group of its own that is gone afterwards."""
    port = free_port()
    environment = {**road.environment, "UI_PORT": str(port)}
    command = [sys.executable, "-m", "lakehouse_assets.operations.ui"]
    with _server(command, environment, port, tmp_path_factory.mktemp("ui") / "ui.log"):
        yield Servers(f"http://127.0.0.1:{port}", road.environment["REPORTS_URL"])


@pytest.fixture(scope="package")
def registry_page(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow's own server on the road's registry, as `make demo` says how to start it; its address."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", road.environment["MLFLOW_TRACKING_URI"]]
    with _server(command, road.environment, port, tmp_path_factory.mktemp("mlflow") / "mlflow.log"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _server(command: list[str], environment: dict[str, str], port: int, log: Path) -> Iterator[None]:
    """A server, from when it listens to when it and all that it started are gone."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            env={**OFFLINE, **environment},
            cwd=PROJECT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_listening(port, process, log)
        yield
    finally:
        stop_with_its_children(process)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium with a new empty profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: a folder of the test run's own, or the one that SCREENSHOTS names (docs/images)."""
    named = os.environ.get("SCREENSHOTS")
    folder = PROJECT / named if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def newcomer(browser: Browser, servers: Servers, pictures: Path) -> Iterator[Visitor]:
    """Somebody whose browser has never been here."""
    context = _context(browser)
    yield Visitor(context.new_page(), servers, pictures)
    context.close()


@pytest.fixture(scope="package")
def acquainted(browser: Browser, servers: Servers) -> Iterator[BrowserContext]:
    """A browser that holds the UI's scripts already, and in which what Dagster asks newcomers was dismissed."""
    context = acquainted_context(browser, servers)
    yield context
    context.close()


@pytest.fixture
def visitor(acquainted: BrowserContext, servers: Servers, pictures: Path) -> Iterator[Visitor]:
    """Somebody who comes here every day."""
    page = acquainted.new_page()
    yield Visitor(page, servers, pictures)
    page.close()


def acquainted_context(browser: Browser, servers: Servers, sharpness: float = 1) -> BrowserContext:
    """A browser's memory in which what Dagster asks newcomers was dismissed."""
    dismissed: StorageState = {
        "origins": [{"origin": servers.ui, "localStorage": [{"name": "communityNux", "value": "1"}]}]
    }
    return _context(browser, dismissed, sharpness)


def _context(browser: Browser, memory: StorageState | None = None, sharpness: float = 1) -> BrowserContext:
    window: ViewportSize = {"width": 1600, "height": 1000}
    context = browser.new_context(
        viewport=window, storage_state=memory, timezone_id="UTC", locale="en-GB", device_scale_factor=sharpness
    )
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    return context


def _wait_until_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_WITH_DAEMONS / 1000
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.3)
    raise AssertionError(f"{log.stem} did not come up on port {port}:\n{log.read_text()[-3000:]}")
