"""Telling Dagster the data version of what was written. The only place that touches Dagster's private parts.

Dagster has no public way for an IO manager to set a data version, and gives one data version to all partitions of a
run. Both matter: without the first every run makes everything downstream stale, without the second a backfill of a
range would. ``test_data_version.py`` is the canary that sings when a Dagster release changes what is used here:

- ``StepExecutionContext.set_data_version``: what Dagster takes as the user's own data version,
- ``execute_step._get_output_asset_events`` and ``_dagster_event_for_asset_event``: build the materialisation events
  with their provenance tags. For a range of partitions they are called here once for each partition, each with its own
  data version and metadata,
- ``DagsterEventBatchMetadata``: lets the event log write the events of a range together,
- ``StepExecutionContext._data_version_cache``: remembers one version an asset, where a range has one a partition,
- ``OutputContext._asset_key``: without it, Dagster does not add its own events, with one version for all, after ours.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import dagster as dg
from dagster import DagsterEvent


def report_data_version(context: dg.OutputContext, version: str) -> None:
    """Makes ``version`` the data version of this step's output: of the asset, or of its one partition."""
    context.step_context.set_data_version(context.asset_key, dg.DataVersion(version))


def parents(context: dg.OutputContext) -> list[dg.AssetKey]:
    """The assets that this output's asset depends on, as inputs or as ``deps``."""
    return sorted(context.step_context.job_def.asset_layer.get(context.asset_key).parent_keys)


def reads_itself(context: dg.OutputContext) -> bool:
    """Whether the asset depends on its own earlier partitions.

    ``report_data_version`` then makes Dagster warn in every run that the version differs from the earlier partition's.
    ``report_partitions`` does not, for one partition too.
    """
    return context.asset_key in parents(context)


def report_partitions(
    context: dg.OutputContext, versions: Mapping[str, str], metadata: Mapping[str, Mapping[str, Any]]
) -> Iterator[DagsterEvent]:
    """The materialisation events of a run over several partitions, each with its own data version and metadata.

    Args:
        context: the output's; after this it no longer knows its asset, so that Dagster adds no events of its own.
        versions: data version by partition key.
        metadata: metadata by partition key.

    Yields:
        One materialisation event a partition, to be yielded on by the IO manager.

    Note:
        Tags and a data version that the asset itself put on a ``MaterializeResult`` do not reach these events, since
        Dagster does not show them to an IO manager. Its metadata does.
    """
    from dagster._core.definitions.metadata import normalize_metadata
    from dagster._core.events import DagsterEventBatchMetadata
    from dagster._core.execution.plan import execute_step

    step = context.step_context
    asset_key = context.asset_key
    assets_def = step.job_def.asset_layer.get_assets_def_for_node(step.node_handle)
    if assets_def is None:
        raise dg.DagsterInvariantViolationError(f"Asset {asset_key.to_user_string()} is not defined in this job.")
    batch, last = str(uuid4()), list(versions)[-1:]
    for key, version in versions.items():
        output = _output(context, version)
        for event in execute_step._get_output_asset_events(
            asset_key,
            [_typed_key(context, key)],
            output,
            step.op_def.output_def_named(context.name),
            normalize_metadata(dict(metadata[key])),
            step,
            assets_def.execution_type,
        ):
            together = DagsterEventBatchMetadata(batch, is_end=[key] == last)
            yield execute_step._dagster_event_for_asset_event(step, event, together)
        # Dagster would compare this version with that of the next partition and warn that they differ.
        step._data_version_cache.values.pop(asset_key, None)
    context._asset_key = None


def _typed_key(context: dg.OutputContext, key: str) -> str:
    """The key as Dagster's own type: a two-dimensional one carries its dimensions into the event's tags."""
    definition = context.asset_partitions_def
    if isinstance(definition, dg.MultiPartitionsDefinition):
        return definition.get_partition_key_from_str(key)
    return key


def _output(context: dg.OutputContext, version: str) -> dg.Output[None]:
    with warnings.catch_warnings():
        # The parameter is beta; once a partition, the warning would drown every log.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.Output(
            None,
            output_name=context.name,
            metadata=dict(context.output_metadata or {}),
            data_version=dg.DataVersion(version),
        )
