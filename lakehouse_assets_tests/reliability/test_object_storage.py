"""The lake in an object store: a real S3 server on this machine, which takes only signed requests and safe puts."""

from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from lakehouse_assets.lake.errors import LakeError, MissingTableError, StorageError
from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.lake.makers import DAYS, asset_of, daily, daily_frame, day, rows_of
from lakehouse_assets_tests.reliability.nursery import MODES

KEYS = ["2024-01-01", "2024-01-02", "2024-01-03"]


@pytest.fixture
def root(s3, request) -> str:
    return f"s3://lake/{abs(hash(request.node.nodeid))}"


@pytest.fixture
def bucket(s3, root) -> Lake:
    return Lake(root, s3.options)


def put(lake: Lake, asset: Any, partition: str | None = None, others: Any = (), **kwargs: Any) -> Any:
    manager = DeltaIOManager(lake_uri=lake.uri, storage_options=lake.storage_options)
    return dg.materialize(
        [asset, *others], selection=[asset], partition_key=partition, resources={"io_manager": manager}, **kwargs
    )


def three_days(lake: Lake, instance: dg.DagsterInstance, value: int = 0) -> Any:
    table = daily(lambda context: daily_frame(context.partition_keys, 3, value))
    tags = {"dagster/asset_partition_range_start": KEYS[0], "dagster/asset_partition_range_end": KEYS[-1]}
    put(lake, table, tags=tags, instance=instance)
    return table


def test_a_partition_is_written_overwritten_and_read_in_every_way(bucket, instance):
    three_days(bucket, instance)
    before = bucket.content_version(["table"], where={"day": day(KEYS[0])})
    put(bucket, daily(lambda context: daily_frame([context.partition_key], 2, 9)), KEYS[1], instance=instance)
    expected = [(day(KEYS[0]), n, 0) for n in range(3)] + [(day(KEYS[1]), n, 9) for n in range(2)]
    expected += [(day(KEYS[2]), n, 0) for n in range(3)]
    assert rows_of(bucket.read(["table"])) == sorted(expected, key=repr)
    assert rows_of(bucket.stream(["table"]).read_all()) == sorted(expected, key=repr)
    assert bucket.read_pandas(["table"], where={"value": 9})["id"].tolist() == [0, 1]
    relation = bucket.read_duckdb(["table"])
    assert sorted(relation.fetchall(), key=repr) == sorted(expected, key=repr)
    assert relation.filter("value = 9").aggregate("count(*)").fetchall() == [(2,)]
    assert duckdb.sql("SELECT count(*) FROM relation AS a JOIN relation AS b USING (day, id)").fetchall() == [(8,)]
    assert bucket.exists(["table"])
    assert not bucket.exists(["other"])
    assert bucket.version(["table"]) == 1
    assert bucket.row_count(["table"]) == 8
    assert bucket.row_count(["table"], where={"day": day(KEYS[1])}) == 2
    assert bucket.row_count(["table"], version=0) == 9
    assert bucket.partition_values(["table"]) == [{"day": day(key)} for key in KEYS]
    assert bucket.content_version(["table"], where={"day": day(KEYS[0])}) == before
    assert bucket.schema(["table"]).names == ["day", "id", "value"]


def test_merge_append_and_history_work_in_a_bucket(bucket, instance):
    for mode, metadata in MODES.items():
        for value, rows in ((1, 2), (2, 3)):
            table = daily(
                lambda context, value=value, rows=rows: daily_frame([context.partition_key], rows, value),
                name=mode, **metadata,
            )  # fmt: skip
            put(bucket, table, KEYS[0], instance=instance)
        rows = rows_of(bucket.read([mode], columns=["id", "value"]))
        expected = {
            "overwrite": [(0, 2), (1, 2), (2, 2)],
            "append": [(0, 1), (0, 2), (1, 1), (1, 2), (2, 2)],
            "merge": [(0, 2), (1, 2), (2, 2)],
            "scd2": [(0, 1), (0, 2), (1, 1), (1, 2), (2, 2)],
        }[mode]
        assert rows == expected
    assert bucket.read(["scd2"], where={"is_current": True}).num_rows == 3


@pytest.mark.parametrize("kind", [pd.DataFrame, pa.Table, pa.RecordBatchReader, duckdb.DuckDBPyRelation])
def test_an_input_is_loaded_as_every_type_with_its_partition_and_columns_only(kind, bucket, instance):
    table = three_days(bucket, instance)
    seen = []

    @dg.asset(partitions_def=DAYS, ins={"table": dg.AssetIn(metadata={"columns": ["id", "day"]})})
    def reader(table: kind) -> None:
        if isinstance(table, pd.DataFrame):
            table = pa.Table.from_pandas(table)
        elif isinstance(table, pa.RecordBatchReader):
            table = table.read_all()
        elif not isinstance(table, pa.Table):
            table = table.to_arrow_table()
        seen.extend([table.schema.names, rows_of(table)])

    put(bucket, reader, KEYS[1], others=[table], instance=instance)
    assert seen == [["id", "day"], [(number, day(KEYS[1])) for number in range(3)]]


def test_a_missing_table_or_partition_in_a_bucket_is_told_as_in_a_folder(bucket, instance):
    table = daily(lambda context: daily_frame([context.partition_key]))

    @dg.asset(partitions_def=DAYS)
    def reader(table: pd.DataFrame) -> None: ...

    with pytest.raises(MissingTableError, match=f"reader needs asset table, partition {KEYS[0]}.*{bucket.uri}"):
        put(bucket, reader, KEYS[0], others=[table], instance=instance)
    put(bucket, table, KEYS[0], instance=instance)
    with pytest.raises(MissingTableError, match=f"table has not been materialised for partition {KEYS[1]}"):
        put(bucket, reader, KEYS[1], others=[table], instance=instance)


def test_the_content_version_is_the_same_as_in_a_folder(bucket, lake, instance):
    for place in (bucket, lake):
        three_days(place, instance, value=4)
    assert bucket.content_version(["table"]) == lake.content_version(["table"])


def test_asset_keys_and_partitions_with_odd_characters_have_a_place_in_a_bucket(bucket, instance):
    keys = ["50%", "é", "k=v", "a/b"]
    parts = dg.StaticPartitionsDefinition(keys)
    table = asset_of(lambda c: pd.DataFrame({"p": [c.partition_key], "n": [1]}), parts, "odd", partition_expr="p")
    for key in keys:
        put(bucket, table, key, instance=instance)
    assert bucket.read(["odd"], where={"p": "a/b"}).num_rows == 1
    assert sorted(bucket.read(["odd"])["p"].to_pylist()) == sorted(keys)


@pytest.mark.slow
def test_writers_at_once_in_a_bucket_all_get_their_rows_in(bucket, s3, nursery):
    """Two write one day, a third another, and the tables are not there yet: safe only with conditional puts."""
    days, modes = [KEYS[0], KEYS[0], KEYS[1]], ["overwrite", "append", "merge"]
    same = {"lake_uri": bucket.uri, "options": s3.options, "rows": 50}
    nursery.at_once(
        *([{"mode": mode, "key": key, "value": value, **same} for mode in modes] for value, key in enumerate(days))
    )
    for mode in modes:
        first = [row[0] for row in rows_of(bucket.read([mode], where={"day": day(KEYS[0])}), "value")]
        if mode == "append":
            assert {value: first.count(value) for value in set(first)} == {0: 50, 1: 50}
        else:
            assert len(first) == 50
            assert len(set(first)) == 1
        assert rows_of(bucket.read([mode], where={"day": day(KEYS[1])}), "value") == [(2,)] * 50


WRONG = [
    ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWNKEY000000"}, "does not accept the key"),
    ({"AWS_SECRET_ACCESS_KEY": "a-secret-that-is-wrong"}, "does not accept the key"),
]


@pytest.mark.parametrize(("wrong", "what"), WRONG, ids=["unknown-key", "wrong-secret"])
def test_a_wrong_key_is_told_and_no_secret_is_shown(wrong, what, bucket, s3, instance, caplog):
    three_days(bucket, instance)
    other = Lake(bucket.uri, {**s3.options, **wrong})
    table = daily(lambda context: daily_frame([context.partition_key]))
    result = put(other, table, KEYS[0], instance=instance, raise_on_error=False)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    shown = str(failure.step_failure_data.error.to_string()) + repr(other) + caplog.text
    assert what in shown
    assert f"Asset table, partition {KEYS[0]}" in shown or other.table_uri(["table"]) in shown
    for secret in (s3.secret, *wrong.values()):
        assert secret not in shown
    with pytest.raises(StorageError, match=what):
        other.read(["table"])
    assert bucket.row_count(["table"]) == 9


def test_a_missing_bucket_is_told(s3, instance):
    nowhere = Lake("s3://no-such-bucket/lake", s3.options)
    with pytest.raises(StorageError, match=r"no-such-bucket.*There is no such bucket: create it, or correct LAKE_URI"):
        put(nowhere, daily(lambda context: daily_frame([context.partition_key])), KEYS[0], instance=instance)
    with pytest.raises(StorageError, match="There is no such bucket"):
        nowhere.exists(["table"])


def test_a_server_that_is_not_there_is_told(s3, instance):
    gone = {**s3.options, "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "max_retries": "1", "retry_timeout": "1s"}
    with pytest.raises(LakeError, match="cannot be reached: check AWS_ENDPOINT_URL"):
        Lake("s3://lake/x", gone).read(["table"])


@pytest.mark.parametrize("prefix", ["", "LAKE_STORAGE_"], ids=["AWS-environment", "own-settings"])
def test_the_environment_reaches_io_manager_and_lake_and_its_secrets_reach_nothing_else(
    prefix, s3, root, instance, monkeypatch, caplog, capfd
):
    from lakehouse_assets import settings
    from lakehouse_assets.defs.platform.resources import resources

    monkeypatch.setenv("LAKE_URI", root)
    if prefix:  # these win over the keys of the process's other S3 clients
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    for name, value in s3.options.items():
        monkeypatch.setenv(prefix + name, value)
    table = daily(lambda context: daily_frame([context.partition_key]))
    defs = dg.Definitions.merge(resources(), dg.Definitions(assets=[table]))
    result = dg.materialize([table], partition_key=KEYS[0], resources=defs.resources, instance=instance)
    with dg.build_resources({"lake": defs.resources["lake"]}) as built:
        assert built.lake.lake().row_count(["table"]) == 2
    assert Lake(settings.lake_uri(), settings.storage_options()).row_count(["table"]) == 2
    shown = [
        *map(repr, result.all_events),
        *map(repr, instance.all_logs(result.run_id)),
        caplog.text,
        *capfd.readouterr(),
    ]
    shown.append(repr({name: made.config_schema.default_value for name, made in _resources(defs).items()}))
    for secret in (s3.secret, s3.key):
        assert secret not in "".join(shown)


def _resources(defs: dg.Definitions) -> Any:
    """As the UI gets them, with the values that they are configured with."""
    return defs.get_repository_def().get_top_level_resources()


def test_the_resource_shows_no_secret(s3):
    for made in (LakeResource(lake_uri="s3://lake/x", storage_options=s3.options),
                 DeltaIOManager(lake_uri="s3://lake/x", storage_options=s3.options)):  # fmt: skip
        assert s3.secret not in repr(made) + str(made)
