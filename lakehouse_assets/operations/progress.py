"""A run's log as a person follows it: each asset's end and its own messages, without the events in between."""

import logging
import sys

import dagster as dg


class _Progress(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._started: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", None) or {}
        event, step = meta.get("dagster_event"), meta.get("step_key") or ""
        text = None
        if event is None:
            text = (
                f"  {step}: {meta.get('orig_message', record.getMessage())}" if record.levelno >= logging.INFO else None
            )
        elif event.is_step_start:
            self._started[step] = record.created
        elif event.is_step_success:
            text = f"{step} done in {record.created - self._started.get(step, record.created):.1f} s"
        elif event.is_step_failure:
            text = f"{step} FAILED"
        if text is not None:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


@dg.logger(config_schema={}, description="Progress for people: one line an asset, and what assets say themselves.")
def progress_logger(_context: dg.InitLoggerContext) -> logging.Logger:
    """The logger `progress`, which the demo asks for in its run config."""
    logger = logging.Logger("progress", logging.DEBUG)
    logger.addHandler(_Progress())
    return logger
