"""What every table of the lake says of itself to all who write to it."""

#: Log entries stay (see `maintenance/log.py`): without this, deltalake 1.6.6 deletes those older than 30 days whenever
#: a writer makes a checkpoint, and with them every version before, pinned or not.
TABLE_PROPERTIES = {"delta.enableExpiredLogCleanup": "false"}
