"""Peak memory of writing 5 GB through the IO manager, from a record-batch reader and from a lazy DuckDB relation.

Each write is a process of its own; its peak is the kernel's (``ru_maxrss``), libraries included. The content version
and the check of each row's partition are part of the write.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

GIGABYTES = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
BOUND_MB = 1024


def main() -> None:
    measured: dict[str, object] = {"data, GB": GIGABYTES}
    scratch = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    try:
        for kind, partitioned in (("reader", False), ("reader", True), ("duckdb", False)):
            name = f"{kind}{', 20 daily partitions' if partitioned else ''}"
            folder = scratch / name.replace(" ", "_").replace(",", "")
            command = [sys.executable, "-m", "lakehouse_assets_tests.lake.writing.stream_writer"]
            arguments = [str(folder), kind, str(int(GIGABYTES * 1e9)), *(["by-day"] if partitioned else [])]
            environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(scratch)}
            done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, env=environment)
            if done.returncode:
                raise SystemExit(done.stderr[-3000:])
            result = json.loads(done.stdout.splitlines()[-1])
            measured |= {f"{name}: {what}": value for what, value in result.items()}
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    peaks = [value for what, value in measured.items() if what.endswith("peak, MB")]
    measured["under 1 GB"] = all(int(str(peak)) < BOUND_MB for peak in peaks)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
