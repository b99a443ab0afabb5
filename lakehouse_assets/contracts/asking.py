"""What every job that people start by hand asks of them, for the audit table."""

from pydantic import Field

#: Something must be said: an audit row without it says nothing.
SAID = r"\S"
WHO: str = Field(pattern=SAID, description="Who asks for it: your name or team. Stands in the audit table.")
REASON: str = Field(pattern=SAID, description="Why. Stands in the audit table.")
