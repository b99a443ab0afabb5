"""What can be said wrongly in the shop's YAML, and what is expected of the error."""

from lakehouse_assets_tests.use_case.shop import YAML

#: What is said wrongly, as the YAML is read -> the change, the line that the error names (a part of its text), and
#: words of what was expected.
READ = {
    "an unknown key": ({"  owner:": "  ovner: x\n  owner:"}, "ovner:", "ovner"),
    "a wrong type": ({"rounds: 8": "rounds: many"}, "rounds:", "valid integer"),
    "a section that is missing": ({"  gate: {at_most: 100.0}\n": ""}, "attributes:", "gate"),
    "an unknown task": (
        {"task: regression": "task: regresion"},
        "task:",
        "'regression', 'classification' or 'forecast'",
    ),
    "a reserved column": (
        {"    hall: {type": "    label: {type"},
        "context:",
        "column 'label' is one that every use case has",
    ),
    "a column named twice": (
        {"name: predicted_wear": "name: machine"},
        "prediction:",
        "stands in entity or context already",
    ),
    "an unknown rule of retraining": (
        {"  gate:": "  retraining: {cooldown_days: 3}\n  gate:"},
        "retraining:",
        "cooldown_days",
    ),
    "a rule of retraining that can never be met": (
        {"  gate:": "  retraining: {drift_at_least: 4}\n  gate:"},
        "retraining:",
        "drift_at_least: 4; expected no more than drift_of_last, which is 3",
    ),
    "both bounds": ({"at_most: 100.0": "at_most: 100.0, at_least: 1.0"}, "gate:", "either `at_most` or `at_least`"),
    "no bound": ({"at_most: 100.0": "margin: 1.0"}, "gate:", "either `at_most` or `at_least`"),
    "a bound on the wrong side": ({"at_most": "at_least"}, "gate:", "of mae less is better: expected `at_most`"),
    "a split without column": (
        {"by: time, share: 0.25": "by: entity, percent: 20"},
        "split:",
        "expected `column` and `percent`",
    ),
    "a split by an unknown column": (
        {"by: time, share: 0.25": "by: entity, percent: 20, column: haul"},
        "split:",
        "column names ['haul']; expected columns of entity or context: ['hall', 'machine']",
    ),
    "days that limit no share": (
        {"share: 0.25": "last_days: 5, at_most_days: 3"},
        "split:",
        "`at_most_days` limits the `share` of a split by time",
    ),
    "a split without an end": ({"share: 0.25": "embargo: true"}, "split:", "either `share` or `last_days`"),
    "a slice of no column": ({"slices: [hall]": "slices: [haul]"}, "evaluation:", "slices names ['haul']"),
    "a bad time zone": (
        {"Europe/Berlin": "Europe/Berln"},
        "timezone:",
        "'Europe/Berln' is no time zone; expected a name",
    ),
    "a metric that the task has not": (
        {"metric: mae": "metric: f1"},
        "evaluation:",
        "'f1' judges no regression; expected one of mae, rmse",
    ),
    "a metric that only describes": ({"metric: mae": "metric: coverage"}, "evaluation:", "expected one of mae, rmse"),
    "a capped metric without a cap": (
        {"metric: mae": "metric: rmse_capped"},
        "evaluation:",
        "expected one of mae, rmse,",
    ),
    "two ways to ask": (
        {"sql: SELECT machine": "function: features\n    sql: SELECT machine"},
        "observations:",
        "either `sql` or `function`",
    ),
    "no table's name": ({"rows: harmonized/shop/readings": "rows: readings"}, "inputs: {rows", "should match pattern"),
    "an owner who is nobody": ({"owner: team:shop": "owner: us"}, "owner:", "should match pattern"),
    "bounds of a search the wrong way round": (
        {"  split:": "  tuning: {space: {num_leaves: {low: 70, high: 31}}}\n  split:"},
        "tuning:",
        "expected `choices`, or `low` not above `high`; found low 70, high 31",
    ),
    "a search by choices and bounds": (
        {"  split:": "  tuning: {space: {num_leaves: {low: 7, choices: [7, 15]}}}\n  split:"},
        "tuning:",
        "expected either `choices` or `low` and `high`",
    ),
    "a misspelt parameter": (
        {"params: {num_leaves: 4, min_data_in_leaf: 3}": "params:\n      min_data_in_leaf: 3\n      num_leafs: 4"},
        "num_leafs:",
        "LightGBM has no parameter 'num_leafs'; perhaps num_leaf or num_leaves",
    ),
    "a number of trees among the parameters": (
        {"num_leaves: 4": "n_estimators: 4"},
        "params:",
        "'n_estimators' is the number of trees; expected `rounds`",
    ),
    "an objective of another task": (
        {"num_leaves: 4": "objective: binary"},
        "model:",
        "objective 'binary' does not fit task regression; expected none, or one of fair, gamma, huber",
    ),
    "a search among objectives of another task": (
        {"  split:": "  tuning: {space: {loss: {choices: [l1, binary]}}}\n  split:"},
        "tuning:",
        "objective 'binary' does not fit task regression",
    ),
    "a search for a misspelt parameter": (
        {"  split:": "  tuning: {space: {num_leafs: {low: 7, high: 31}}}\n  split:"},
        "tuning:",
        "LightGBM has no parameter 'num_leafs'",
    ),
    "one parameter under two names": (
        {"  split:": "  tuning: {space: {max_leaves: {low: 7, high: 31}}}\n  split:"},
        "tuning:",
        "'num_leaves' and 'max_leaves' are one parameter of LightGBM",
    ),
    "an hour that is none": ({'at: "06:00"': 'at: "26:00"'}, "predicted_at:", "hour"),
}

#: What the YAML names and is not there.
NAMED = {
    "a function that is not there": (
        {"function: features": "function: feature"},
        "function:",
        "defines no function feature; it has features",
    ),
    "a module that is not there": (
        {"function: features": "function: other:features"},
        "function:",
        "expected a function in",
    ),
    "a table that no asset makes": (
        {"{table: harmonized/shop/readings": "{table: harmonized/shop/reading"},
        "{table:",
        "no asset harmonized/shop/reading has a contract; the harmonized zone has harmonized/shop/readings",
    ),
    "a view whose table has no contract": (
        {
            YAML[
                YAML.index("    - function") : YAML.index("  task:")
            ]: "    - {table: distilled/shop/loads, limit_days: 3}\n"
        },
        "  features:",
        "expected `columns`, or a contract for distilled/shop/loads that names them",
    ),
    "an SQL file that is not there": (
        {"sql: SELECT machine, day, known_at, hall FROM rows": "sql: asked.sql"},
        "asked.sql",
        "there is no file",
    ),
    "a baseline that is no feature": (
        {"{metric: mae": "{baseline: lode, metric: mae"},
        "baseline:",
        "expected mean or one of load, mean_load",
    ),
    "a domain that is not its folder's": (
        {"domain: shop": "domain: shopp"},
        "domain:",
        "domain 'shopp' makes no night of this use case; expected shop",
    ),
    "a cron that is none": (
        {"  gate:": '  schedule: {training: "0 99 * * 1"}\n  gate:'},
        "schedule:",
        "0 99 * * 1",
    ),
    "a watched column that is not there": (
        {"  gate:": "  monitoring: {columns: [lode]}\n  gate:"},
        "monitoring:",
        "expected one of load, mean_load",
    ),
}
