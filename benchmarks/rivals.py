"""Virtual environments of their own for the tools that we compare with; they need other versions than we do."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / ".rivals"


def rival_python(name: str, requirement: str) -> str | None:
    """The Python that has the rival installed; None where it cannot be installed."""
    home = FOLDER / name
    python, mark = home / "bin" / "python", home / f".has {requirement}"
    if mark.exists():
        return str(python)
    FOLDER.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    installed = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement], check=False
    )
    if installed.returncode:
        return None
    mark.touch()
    return str(python)
