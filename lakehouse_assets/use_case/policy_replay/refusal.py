"""Why a replay is refused."""

from lakehouse_assets.lake.errors import RequestRefusedError


class ReplayRequestError(RequestRefusedError):
    """What is to be played cannot be: a policy that nobody knows, days that are none, nothing to learn from."""
