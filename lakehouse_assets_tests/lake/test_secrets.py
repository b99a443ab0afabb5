"""Whatever an error quotes, what is told of it holds no secret of the environment."""

import pytest

from lakehouse_assets.lake.failures import cause, told
from lakehouse_assets.lake.secrets import HIDDEN, secret_values, without_secrets

SECRET = "s3cret-t0ken-9"


@pytest.mark.parametrize(
    "name",
    [
        "LAKE_STORAGE_AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAKE_STORAGE_AZURE_STORAGE_ACCOUNT_KEY",
        "lake_storage_azure_storage_sas_key",
        "AZURE_STORAGE_MASTER_KEY",
        "AZURE_CLIENT_SECRET",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        "MLFLOW_TRACKING_PASSWORD",
        "PGPASSWORD",
        "PSEUDONYM_KEY",
        "ALERT_URLS",
    ],
)
def test_the_value_of_a_variable_that_holds_a_secret_is_hidden(name: str) -> None:
    assert without_secrets(f"refused: {SECRET} is wrong", {name: SECRET}) == f"refused: {HIDDEN} is wrong"


@pytest.mark.parametrize("password", ["s3cret-t0ken-9", "s3/cret@t0ken", "s3cret%2Ft0ken"])
def test_the_password_of_an_address_is_hidden_whatever_its_variable_is_called(password: str) -> None:
    environment = {"TUNING_STORAGE": f"postgresql+psycopg2://u:{password}@db:5432/tuning"}
    said = f"cannot open {environment['TUNING_STORAGE']}: {password} is wrong"
    assert without_secrets(said, environment) == (
        f"cannot open postgresql+psycopg2://u:{HIDDEN}@db:5432/tuning: {HIDDEN} is wrong"
    )


def test_so_is_one_in_an_address_s_query() -> None:
    environment = {"TUNING_STORAGE": "postgresql+psycopg2://u@db/tuning?sslmode=require&password=s3cret-t0ken-9"}
    assert without_secrets("FATAL: s3cret-t0ken-9 is wrong", environment) == f"FATAL: {HIDDEN} is wrong"


def test_each_token_of_a_channel_is_hidden_and_its_host_is_not() -> None:
    environment = {"ALERT_URLS": "slack://TokenAAAA/TokenBBBB, json://hooks.example.org/TokenCCCC?key=TokenDDDD"}
    said = "no answer from https://hooks.example.org/services/TokenAAAA/TokenBBBB, TokenCCCC, TokenDDDD"
    assert without_secrets(said, environment) == (
        f"no answer from https://hooks.example.org/services/{HIDDEN}/{HIDDEN}, {HIDDEN}, {HIDDEN}"
    )


def test_a_password_in_an_address_that_nobody_configured_is_hidden_too() -> None:
    assert without_secrets("GET https://ann:hunter22@host/x", {}) == f"GET https://ann:{HIDDEN}@host/x"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("GET https://a.blob/x?sv=2024&sig=Ab%2Fc9&se=1: 403", f"GET https://a.blob/x?sv=2024&sig={HIDDEN}&se=1: 403"),
        ("https://b.s3/x?X-Amz-Signature=abc123&X-Amz-Date=2", f"https://b.s3/x?X-Amz-Signature={HIDDEN}&X-Amz-Date=2"),
        ("AccountName=lake;AccountKey=k3y==;Suffix=net", f"AccountName=lake;AccountKey={HIDDEN};Suffix=net"),
        ('{"Authorization": "Bearer eyJhbGciOi.abc"}', f'{{"Authorization": "Bearer {HIDDEN}"}}'),
        ("header authorization: Basic dXNlcjpwYXNz", f"header authorization: Basic {HIDDEN}"),
        ("sent Bearer eyJhbGciOiJIUzI1NiJ9.e30.x to it", f"sent Bearer {HIDDEN} to it"),
    ],
)
def test_what_an_error_itself_calls_a_secret_is_hidden_though_no_variable_holds_it(said: str, shown: str) -> None:
    assert without_secrets(said, {}) == shown
    assert told(OSError(said)) == shown
    assert cause(OSError(said)) is None


def test_words_of_everyday_are_left_alone() -> None:
    environment = {"TOKENIZERS_PARALLELISM": "false", "UI_URL": "http://127.0.0.1:3000", "LAKE_URI": "s3://lake"}
    assert secret_values(environment) == []
    for words in ("s3://lake is false", "the bearer of news", "no authorization", "password of 8 signs, sig_x = 3"):
        assert without_secrets(words, environment) == words


@pytest.mark.parametrize("name", ["azure_storage_sas_key", "GOOGLE_SERVICE_ACCOUNT_KEY", "AZURE_STORAGE_MASTER_KEY"])
def test_a_store_s_error_is_told_and_chained_without_the_key_of_any_cloud(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OSError(f"403 for {SECRET}")
    assert SECRET not in told(error, {name: SECRET})
    assert cause(error, {name: SECRET}) is None
    monkeypatch.setenv(name, SECRET)
    assert SECRET not in told(error)
