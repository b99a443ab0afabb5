"""A local HTTP receiver of messages, as Apprise's `json://` sends them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Seconds that a sender waits for it. It lives in the process that sends, and both may get no core for a minute: what
#: is given up then is told twice.
PATIENCE = 600


@dataclass
class Receiver:
    url: str = ""
    messages: list[dict[str, str]] = field(default_factory=list)
    status: int = 200
    answers_after_s: float = 0.0

    @property
    def titles(self) -> list[str]:
        return [one["title"] for one in self.messages]

    def wait_for(self, messages: int) -> None:
        """Until so many came; who sent one and gave up on the answer does not know when it came."""
        end = time.monotonic() + PATIENCE
        while len(self.messages) < messages:
            assert time.monotonic() < end, f"in vain for {messages} messages, only {self.titles} came"
            time.sleep(0.01)


@contextmanager
def receiver(secret: str = "") -> Iterator[Receiver]:
    got = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if got.status == 200:
                got.messages.append(json.loads(body))
            time.sleep(got.answers_after_s)
            self.send_response(got.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    credentials = f"bot:{secret}@" if secret else ""
    got.url = f"json://{credentials}127.0.0.1:{server.server_port}/alerts?cto={PATIENCE}&rto={PATIENCE}"
    try:
        yield got
    finally:
        server.shutdown()
        server.server_close()
