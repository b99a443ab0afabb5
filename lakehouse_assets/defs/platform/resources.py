"""What the assets work with, configured from the environment (see `settings`)."""

import dagster as dg

from lakehouse_assets import settings
from lakehouse_assets.contracts.promise import ContractedIOManager
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.sql.duckdb_resource import DuckDB
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.operations.progress import progress_logger
from lakehouse_assets.sources.resource import LandingZone


@dg.definitions
def resources() -> dg.Definitions:
    """The lake, the landing zone, the registry and DuckDB.

    Steps of a run share one process: a step process of its own costs 3.5 CPU-s of imports, more than most steps here.
    """
    landing = settings.landing_root()
    # By the names of their variables: Dagster stores and shows a resource's values, and these may be keys.
    variables = settings.storage_variables()
    options: dict[str, str] | None = {option: dg.EnvVar(name) for option, name in variables.items()} or None
    return dg.Definitions(
        resources={
            "io_manager": ContractedIOManager(lake_uri=settings.lake_uri(), storage_options=options),
            "lake": LakeResource(lake_uri=settings.lake_uri(), storage_options=options),
            "landing": LandingZone(root=str(landing or settings.simulated_landing_root()), simulated=landing is None),
            "registry": ModelRegistry(
                tracking_uri=settings.mlflow_tracking_uri(), artifact_root=settings.mlflow_artifact_root()
            ),
            "duckdb": DuckDB(),
        },
        executor=dg.in_process_executor,
        loggers={"console": dg.colored_console_logger, "progress": progress_logger},
    )
