"""Somebody at a browser, who notices what goes wrong on a page."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, FloatRect, Locator, Page, Response, expect
from playwright.sync_api import Error as PlaywrightError

#: What the UI writes across a page when something behind it broke.
BANNER = re.compile(
    r"failed to load|error loading|unexpected error|something went wrong|graphql error|can't be displayed"
    r"|not found|could not find|no assets were found|couldn't (find|load)|connection lost",
    re.IGNORECASE,
)
#: The reports' server has no icon for the tab, and an MLflow without a login does not know who asks.
MISSED_BY_NOBODY = ("/favicon.ico", "/ajax-api/2.0/mlflow/users/current")
#: The answer to this says what is wrong with what somebody typed into a form.
JUDGES_A_FORM = "?op=PreviewConfigQuery"
#: Milliseconds that anything on a page may take; two busy cores are slow, and may stand still for a minute.
PATIENCE = 180_000
#: The same for what comes only after daemon and code server have done something.
PATIENCE_WITH_DAEMONS = 600_000


@dataclass
class Servers:
    """Addresses of the running UI and of the reports that asset pages link to."""

    ui: str
    reports: str


@dataclass
class Visitor:
    """Somebody at a browser, who notices what goes wrong on a page."""

    page: Page
    servers: Servers
    pictures: Path
    problems: list[str] = field(default_factory=list)
    _answers: list[Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        self.page.on("console", self._console)
        self.page.on("response", self._response)

    def open(self, path: str) -> None:
        """Go to a page of the UI and wait until it stands."""
        self.page.goto(self.servers.ui + path)
        expect(self.page.get_by_role("link", name="Lineage").first).to_be_visible()

    def reload(self) -> None:
        """Load the page again, if nothing was wrong with it so far."""
        self.expect_no_problem()
        self.page.reload()

    def follow(self, link: Locator) -> "Visitor":
        """Somebody at the tab that a link opens, who notices what goes wrong there from the page's first byte."""
        with self.page.context.expect_page() as opened:
            link.click()
        # Only a page that is loaded again is watched whole. A reload that overtakes the first load may wait for ever.
        opened.value.wait_for_load_state()
        there = Visitor(opened.value, self.servers, self.pictures)
        answer = there.page.reload()
        assert answer is not None
        assert answer.status == 200, f"{answer.status} for {answer.url}"
        return there

    def row(self, label: str) -> Locator:
        """The row of an asset page's metadata table that has this label, brought into view."""
        row = (
            self.page.locator("tr").filter(has=self.page.locator("td:first-child").get_by_text(label, exact=True)).first
        )
        row.scroll_into_view_if_needed()
        return row

    def plot(self, label: str) -> Locator:
        """The picture of a metadata entry; the UI keeps longer Markdown behind a click."""
        row = self.row(label)
        expect(row.locator("img").or_(row.get_by_text("[Show Markdown]")).first).to_be_visible()
        if row.locator("img").count():
            return row.locator("img")
        row.get_by_text("[Show Markdown]").click()
        return self.page.get_by_role("dialog").locator("img")

    def close_dialog(self) -> None:
        """Close what `plot` may have opened."""
        dialog = self.page.get_by_role("dialog")

        def is_closed() -> bool:
            # A dialog hears the key only once it has the focus, which it takes a while after it is drawn.
            if dialog.count():
                self.page.keyboard.press("Escape")
                self.page.wait_for_timeout(500)
            return dialog.count() == 0

        self.wait(is_closed, "the dialog to close")

    def picture(self, name: str, clip: FloatRect | None = None) -> None:
        """Check that nothing went wrong on this page, and keep a picture of it."""
        self.page.screenshot(path=self.pictures / f"{name}.png", clip=clip, animations="disabled")
        self.expect_no_problem()

    def wait(self, until: Callable[[], bool], what: str) -> None:
        """Until something is so that Playwright has no expectation for."""
        end = time.monotonic() + PATIENCE / 1000
        while not until():
            assert time.monotonic() < end, f"{self.page.url}: waited {PATIENCE / 1000:.0f} s in vain for {what}"
            self.page.wait_for_timeout(200)

    def expect_no_problem(self) -> None:
        """No banner, no uncaught error, no failed request, no error behind an answer of the server."""
        banner = BANNER.search(self.page.inner_text("body"))
        assert banner is None, f"{self.page.url} says {banner.group()!r}"
        answers, self._answers = self._answers, []
        for answer in answers:
            try:
                text = answer.text()
            except PlaywrightError:  # the page was left before the answer was whole; it showed none of it
                continue
            if '"errors":[' in text or '"PythonError"' in text:
                self.problems.append(f"{answer.url}: {text[:500]}")
        assert self.problems == [], f"{self.page.url}: {self.problems}"

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith(MISSED_BY_NOBODY):
            self.problems.append(f"console: {message.text} at {message.location['url']}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and not response.url.endswith(MISSED_BY_NOBODY):
            self.problems.append(f"{response.status} for {response.url}")
        elif response.url.split("?")[0].endswith("/graphql") and not response.url.endswith(JUDGES_A_FORM):
            self._answers.append(response)
