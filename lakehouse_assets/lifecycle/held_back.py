"""A component without assets: a folder's modules are not imported until a use case's declaration takes its place."""

import dagster as dg


class HeldBack(dg.Component, dg.Model, dg.Resolvable):
    """Yields nothing."""

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """No assets."""
        return dg.Definitions()
