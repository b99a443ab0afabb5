"""Where things lie: every setting comes from the environment and has an embedded default.

Standard library only: the code location, the sensors and every step process import this.
"""

import os
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

PROJECT_ROOT = Path(__file__).resolve().parents[1]
DATA = PROJECT_ROOT / "data"

#: Libraries that would otherwise call home. Decision 11: nothing reaches for a network at run time.
OFFLINE = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "GIT_PYTHON_REFRESH": "quiet",
    # Not a network switch, but a bar per artifact in every log.
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Not one either: Dagster hands events of a backfill to the event log in batches (operations/event_log.py).
    "DAGSTER_EVENT_BATCH_SIZE": "1000",
}


def lake_uri() -> str:
    """The lake's root: `LAKE_URI`, a folder or an object-store address; by default `data/lake`."""
    given = os.environ.get("LAKE_URI", "")
    if "://" in given:
        return given.rstrip("/")
    return str(_absolute(given) if given else DATA / "lake")


#: `LAKE_STORAGE_AWS_REGION=eu-central-1` gives the lake's storage the option `AWS_REGION`.
STORAGE_PREFIX = "LAKE_STORAGE_"


def storage_variables() -> dict[str, str]:
    """The lake's storage options and the variables that hold them; their values may be secret and are not read here.

    Beside these, the engine reads `AWS_*` itself. `LAKE_STORAGE_*` is for a lake whose keys are not the other S3
    clients' of the process (MLflow's artifacts, say), and wins over `AWS_*`.
    """
    return {name.removeprefix(STORAGE_PREFIX): name for name in sorted(os.environ) if name.startswith(STORAGE_PREFIX)}


def storage_options() -> dict[str, str] | None:
    """The lake's storage options with their values, for code outside of Dagster; `None` without any."""
    return {option: os.environ[variable] for option, variable in storage_variables().items()} or None


def lake_sql(uri: str | None = None) -> Path:
    """The DuckDB file with the views for SQL clients: `LAKE_SQL`, by default `lake.duckdb` beside the lake's folder."""
    lake = (uri or lake_uri()).removeprefix("file://")
    beside = DATA / "lake.duckdb" if "://" in lake else Path(lake).with_suffix(".duckdb")
    return _absolute(os.environ.get("LAKE_SQL") or beside)


def landing_root() -> Path | None:
    """The folder with one subfolder a domain that `LANDING` names; None means that the simulated plant delivers."""
    given = os.environ.get("LANDING")
    return _absolute(given) if given else None


def simulated_landing_root() -> Path:
    """Where the simulated plant delivers its files when `LANDING` is unset."""
    return _absolute(os.environ.get("PLANT_LANDING") or DATA / "landing")


def mlflow_tracking_uri() -> str:
    """`MLFLOW_TRACKING_URI`, by default a SQLite file under `data/mlflow` (the file store is gone in MLflow 3).

    Raises:
        ValueError: it holds a password. Dagster shows a resource's values, and MLflow's errors quote the address.
    """
    given = os.environ.get("MLFLOW_TRACKING_URI")
    if given and _has_a_secret(given):
        raise ValueError(
            "MLFLOW_TRACKING_URI holds a password, which would stand in the UI, in errors and on model cards: leave it "
            "out there, and give MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (a server) or PGPASSWORD "
            "(PostgreSQL)"
        )
    return given or f"sqlite:///{DATA / 'mlflow' / 'mlflow.db'}"


def mlflow_artifact_root() -> str:
    """Where models and plots lie: `MLFLOW_ARTIFACT_ROOT`, by default beside the embedded SQLite file."""
    given = os.environ.get("MLFLOW_ARTIFACT_ROOT")
    if given:
        return given
    uri = mlflow_tracking_uri()
    base = Path(uri.removeprefix("sqlite:///")).parent if uri.startswith("sqlite:///") else DATA / "mlflow"
    return (base / "artifacts").as_uri()


def tuning_storage() -> str:
    """Where searches for settings are kept, so that they can be taken up again: `TUNING_STORAGE`, as Optuna takes it.

    By default `tuning.db` beside the embedded MLflow file, `data/mlflow/tuning.db` beside a server.
    """
    uri = mlflow_tracking_uri()
    base = Path(uri.removeprefix("sqlite:///")).parent if uri.startswith("sqlite:///") else DATA / "mlflow"
    return os.environ.get("TUNING_STORAGE") or f"sqlite:///{base / 'tuning.db'}"


def reports_root() -> Path:
    """Where HTML reports are written: `REPORTS`, by default `data/reports`."""
    return _absolute(os.environ.get("REPORTS") or DATA / "reports")


def reports_url() -> str:
    """Address under which `make ui` serves the reports, for links from asset pages: `REPORTS_URL`.

    Raises:
        ValueError: it holds a password or a token.
    """
    return _link("REPORTS_URL", "http://127.0.0.1:3001")


def ui_url() -> str:
    """Address of Dagster's web server, for links in messages: `UI_URL`, by default where `make ui` serves.

    Raises:
        ValueError: it holds a password or a token.
    """
    return _link("UI_URL", f"http://{os.environ.get('UI_HOST', '127.0.0.1')}:{os.environ.get('UI_PORT', '3000')}")


def runbooks_url() -> str:
    """Address of a runbook with `{kind}` in it: below `RUNBOOKS_URL` (a folder with docs/runbooks/), else a report.

    Raises:
        ValueError: it holds a password or a token.
    """
    given = _link("RUNBOOKS_URL", "")
    return f"{given}/{{kind}}.md" if given else f"{reports_url()}/runbooks/{{kind}}.html"


def dagster_home() -> Path:
    """`DAGSTER_HOME`, by default `data/dagster`."""
    return _absolute(os.environ.get("DAGSTER_HOME") or DATA / "dagster")


def plant_timezone() -> str:
    """Whose days and nights the schedule of the night goes by: `PLANT_TIMEZONE`, as `Europe/Berlin`; by default UTC.

    Raises:
        ValueError: there is no such time zone.
    """
    name = os.environ.get("PLANT_TIMEZONE") or "UTC"
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"PLANT_TIMEZONE={name}: expected a name of the time zone database, as Europe/Berlin"
        ) from error


def pseudonym_key_file() -> Path:
    """Where the embedded key of pseudonyms lies: `PSEUDONYM_KEY_FILE`; not looked at where `PSEUDONYM_KEY` is set."""
    return _absolute(os.environ.get("PSEUDONYM_KEY_FILE") or DATA / "keys" / "pseudonym.key")


def switch_telemetry_off() -> None:
    """Set the libraries' own switches; what the environment already says stays."""
    for name, value in OFFLINE.items():
        os.environ.setdefault(name, value)


def _has_a_secret(address: str) -> bool:
    """Whether an address holds a password, or what a web server takes for one: a token before its host counts too."""
    parts = urlsplit(address)
    named = any(name.lower() in ("password", "token", "access_token", "sig") for name, _ in parse_qsl(parts.query))
    return named or parts.password is not None or (parts.scheme.startswith("http") and parts.username is not None)


def _link(variable: str, embedded: str) -> str:
    """An address that messages and pages show to everybody."""
    given = os.environ.get(variable) or embedded
    if _has_a_secret(given):
        raise ValueError(
            f"{variable} holds a password or a token, which would stand in every message and on every asset's page: "
            "leave it out, and let people log in (docs/deploy.md)"
        )
    return given.rstrip("/")


def _absolute(path: str | Path) -> Path:
    """Relative settings are meant relative to where the command was typed: `LANDING=../shared/data make demo`."""
    return Path(path).expanduser().resolve()
