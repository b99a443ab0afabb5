"""The names of the metrics that judge, by task: plain data, so that a YAML is checked without importing numpy."""

#: Task -> the metrics that judge -> whether less is better. A test holds it equal to what the tasks have;
#: `rmse_capped` needs `reported_cap`.
DECIDING: dict[str, dict[str, bool]] = {
    "regression": {"rmse": True, "mae": True, "rmse_capped": True},
    "classification": {
        **dict.fromkeys(("f1", "precision", "recall", "average_precision", "auc"), False),
        **dict.fromkeys(("brier", "cost"), True),
    },
    "forecast": {"mae": True, "rmse": True, "pinball": True},
}
