"""Names for frames in asset signatures that cost nothing when the definitions are loaded.

Dagster resolves an asset's annotations when it is defined, so `pandas.DataFrame` there makes every step process, sensor
evaluation and reload import pandas (0.8 CPU-s). For the type checker these names are the real classes; at run time they
are `Any`, which the IO manager loads as a pandas frame.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Frame = pd.DataFrame
    Table = pa.Table
else:
    Frame = Any
    Table = Any

__all__ = ["Frame", "Table"]
