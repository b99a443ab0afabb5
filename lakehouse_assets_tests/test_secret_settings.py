"""A setting that Dagster or MLflow would show holds no password."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from lakehouse_assets import settings

SECRET = "s3cret-t0ken-9"


@pytest.mark.parametrize(
    "address",
    [
        f"https://bot:{SECRET}@mlflow.example.org",
        f"https://{SECRET}@mlflow.example.org",
        f"postgresql+psycopg2://mlflow:{SECRET}@db/mlflow",
        f"postgresql+psycopg2://mlflow@db/mlflow?sslmode=require&password={SECRET}",
    ],
)
def test_a_registry_s_address_with_a_password_is_refused_and_the_refusal_says_where_it_belongs(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(ValueError, match="MLFLOW_TRACKING_PASSWORD") as refused:
        settings.mlflow_tracking_uri()
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["https://mlflow.example.org", "postgresql://mlflow@db/mlflow", "sqlite:////a:b@c.db"]
)
def test_one_without_is_taken_as_it_is(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    assert settings.mlflow_tracking_uri() == address


@pytest.mark.parametrize(
    ("variable", "link"),
    [
        ("REPORTS_URL", settings.reports_url),
        ("UI_URL", settings.ui_url),
        ("RUNBOOKS_URL", settings.runbooks_url),
    ],
)
@pytest.mark.parametrize("address", [f"https://{SECRET}@x.org", f"https://x.org/?token={SECRET}", f"//u:{SECRET}@x"])
def test_a_link_that_everybody_is_shown_holds_no_token(
    variable: str, link: Callable[[], str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "https://x.example.org/a/")
    assert link().startswith("https://x.example.org/a")
    monkeypatch.setenv(variable, address)
    with pytest.raises(ValueError, match=variable) as refused:
        link()
    assert SECRET not in str(refused.value)


def test_a_process_that_dies_of_a_secret_dies_without_it_in_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from lakehouse_assets.lifecycle.serving import clean_process

    monkeypatch.setenv("TUNING_STORAGE", f"postgresql://u:{SECRET}@db/x")
    dying = f"raise ValueError('postgresql://u:{SECRET}@db/x refuses {SECRET}')"
    done = subprocess.run([sys.executable, "-c", dying], capture_output=True, text=True, check=False)
    assert SECRET in done.stderr
    said = clean_process._last_words(done.stderr)
    assert "ValueError" in said
    assert SECRET not in said
