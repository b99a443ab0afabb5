"""Where the real files are, and a clear skip where they are not."""

import json
import os
import sys
from pathlib import Path


def real_file(*parts: str) -> Path:
    """A file of the real input. Without it the script ends here, saying so, and that is no failure."""
    root = Path(os.environ.get("LAKEHOUSE_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    path = root.joinpath(*parts)
    if not path.exists():
        print(json.dumps({"skipped": f"{path} is not there; set LAKEHOUSE_REAL_DATA to the folder with the real data"}))
        sys.exit(0)
    return path
