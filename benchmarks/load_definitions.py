"""What loading the code location costs in CPU time, against importing Dagster alone."""

import json
import time

start = time.process_time()
import dagster  # noqa: E402, F401

imported = time.process_time()
import lakehouse_assets.definitions  # noqa: E402, F401

loaded = time.process_time()
print(
    json.dumps(
        {
            "import dagster, CPU-s": round(imported - start, 2),
            "load the definitions, CPU-s": round(loaded - start, 2),
            "ratio": round((loaded - start) / (imported - start), 2),
        }
    )
)
