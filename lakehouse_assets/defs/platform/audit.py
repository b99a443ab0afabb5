"""The platform's own tables on the asset graph. Jobs append to them; no run materialises them."""

import dagster as dg

from lakehouse_assets.contracts.audit import AUDIT
from lakehouse_assets.contracts.personal.erased import ERASED_PERSONS

audit_table = dg.AssetSpec(key=AUDIT, kinds={"deltalake"})
erased_persons_table = dg.AssetSpec(key=ERASED_PERSONS, kinds={"deltalake"})
