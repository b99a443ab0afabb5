"""Whether a registered version loads and predicts in a process that knows nothing but its address.

The gate and rolling back ask this before a version serves: what predicts in the process that trained it may lean on
something that only this process has.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.lake.secrets import without_secrets

if TYPE_CHECKING:
    import pandas as pd

TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True)
class CleanScore:
    """What came of it: the predictions, or why there are none."""

    predictions: pd.DataFrame | None
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether there are predictions."""
        return self.predictions is not None


def score_in_clean_process(
    model_uri: str,
    sample: pd.DataFrame,
    *,
    tracking_uri: str,
    lake_uri: str,
    variables: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> CleanScore:
    """Load a version through MLflow in a new Python process, and let it predict a sample.

    Args:
        model_uri: ``models:/<name>/<version>``.
        sample: Rows with the entity's keys and ``day``.
        tracking_uri: The registry.
        lake_uri: The lake from which it fetches its features.
        variables: Further environment variables, such as the lake's storage options.
        timeout: Seconds after which the process is stopped.

    Returns:
        The predictions, one for each row; or the error's text, if the version does not load, predicts nothing for any
        row or takes too long.
    """
    import pandas as pd

    with tempfile.TemporaryDirectory() as made:
        given, answer = Path(made, "sample.parquet"), Path(made, "predictions.parquet")
        sample.to_parquet(given)
        environment = {**os.environ, **(variables or {}), "MLFLOW_TRACKING_URI": tracking_uri, "LAKE_URI": lake_uri}
        command = [sys.executable, "-m", __name__, model_uri, str(given), str(answer)]
        try:
            done = subprocess.run(
                command, env=environment, cwd=made, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired:
            return CleanScore(None, f"{model_uri} did not predict {len(sample)} rows within {timeout:g} s")
        if done.returncode != 0:
            return CleanScore(None, _last_words(done.stderr) or f"the process ended with {done.returncode}")
        return _judged(pd.read_parquet(answer), model_uri, sample)


def _judged(predictions: pd.DataFrame, model_uri: str, sample: pd.DataFrame) -> CleanScore:
    if len(predictions) != len(sample):
        return CleanScore(None, f"{model_uri} gave {len(predictions)} predictions for {len(sample)} rows")
    if len(sample) and predictions["model_version"].isna().all():
        return CleanScore(None, f"{model_uri} does not say its version; it was not loaded from the registry")
    if len(sample) and predictions["feature_version"].isna().all():
        return CleanScore(None, f"{model_uri} found no features for any of {len(sample)} rows; are they in the lake?")
    return CleanScore(predictions)


def _last_words(stderr: str) -> str:
    """The end of a traceback: the error and what it says. It goes into a table and to people, so without secrets."""
    lines = [line for line in stderr.strip().splitlines() if line.strip()]
    return without_secrets("\n".join(lines[-5:]))


def main(arguments: Sequence[str]) -> None:
    """What the new process does: load, predict, write."""
    from lakehouse_assets import settings

    settings.switch_telemetry_off()
    import mlflow.pyfunc
    import pandas as pd

    model_uri, given, answer = arguments
    predictions = mlflow.pyfunc.load_model(model_uri).predict(pd.read_parquet(given))
    # Columns of nulls have no type of their own, and Parquet needs one.
    predictions.convert_dtypes().to_parquet(answer)


if __name__ == "__main__":
    main(sys.argv[1:])
