"""`python -m lakehouse_assets.operations.contracts`: check all contracts, or draft one for a table.

`check` is part of `make check`: every contract is sound, fits its asset and the tables of the lake at `LAKE_URI`.
`scaffold <asset key>` prints a draft for a table that is there.
"""

import argparse
import sys

from lakehouse_assets import settings


def main(arguments: list[str] | None = None) -> int:
    """Do what was typed; 1 if there are problems, each with file and line."""
    parser = argparse.ArgumentParser(prog="contracts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="check all contracts")
    scaffold = commands.add_parser("scaffold", help="print a draft of a table's contract")
    scaffold.add_argument("key", help="asset key, joined by /")
    scaffold.add_argument("--owner", default="team:data-platform", help="team:… or a mail address")
    scaffold.add_argument("--purpose", help="what the table holds, in a sentence")
    typed = parser.parse_args(arguments)
    return check() if typed.command == "check" else draft(typed.key, typed.owner, typed.purpose)


def check() -> int:
    """Print every problem as `file:line: what`; 1 if there is one."""
    from lakehouse_assets.contracts.catalogue import catalogue
    from lakehouse_assets.contracts.contract import ContractError
    from lakehouse_assets.contracts.fit import misfits
    from lakehouse_assets.lake.table import Lake

    folder = settings.PROJECT_ROOT / "lakehouse_assets" / "defs"
    try:
        # Before the definitions: a malformed contract stops them from loading.
        contracts = catalogue(folder, thorough=True)
    except ContractError as error:
        return _tell([str(problem) for problem in error.problems])
    from lakehouse_assets import definitions

    specs = list(definitions.defs.resolve_all_asset_specs())
    found = misfits(contracts, specs, Lake(settings.lake_uri(), settings.storage_options()), folder)
    if not found:
        sys.stdout.write(f"{len(contracts)} contracts fit their assets and tables.\n")
    return _tell([str(problem) for problem in found])


def draft(key: str, owner: str, purpose: str | None) -> int:
    """Print a draft."""
    from lakehouse_assets.contracts.scaffold import draft as drafted
    from lakehouse_assets.lake.errors import LakeError
    from lakehouse_assets.lake.table import Lake

    try:
        told = purpose or f"Rows of {key.replace('_', ' ')}."
        lake = Lake(settings.lake_uri(), settings.storage_options())
        sys.stdout.write(drafted(lake, key.split("/"), owner, told))
    except (LakeError, ValueError) as error:
        return _tell([str(error)])
    return 0


def _tell(problems: list[str]) -> int:
    for problem in problems:
        sys.stderr.write(problem + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
