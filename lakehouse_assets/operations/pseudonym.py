"""The pseudonym of a badge: `python -m lakehouse_assets.operations.pseudonym`. The badge is asked for, never echoed."""

import getpass
import sys

from lakehouse_assets.contracts.personal.pseudonyms import pseudonyms_of_environment


def main() -> int:
    """Ask for a badge and print its pseudonym by the current key."""
    badge = getpass.getpass("Badge: ").strip()
    if not badge:
        sys.stderr.write("No badge was given.\n")
        return 1
    sys.stdout.write(pseudonyms_of_environment().of(badge) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
