"""How a simulated source drops a file into a landing folder, as a real one should: whole or not at all."""

import os
from pathlib import Path


def drop(path: Path, content: bytes) -> Path:
    """Put a file there under a hidden name and rename it. What lies there already stays, changed or not."""
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process number keeps two processes that write the same day from writing the same hidden file.
    hidden = path.with_name(f".{path.name}.{os.getpid()}.partial")
    hidden.write_bytes(content)
    hidden.replace(path)
    return path
