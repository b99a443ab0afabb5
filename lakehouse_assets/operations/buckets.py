"""Make the buckets of a new object store: `python -m lakehouse_assets.operations.buckets lake mlflow`.

Address and keys come from the environment, as `boto3` reads it (`AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, …). It needs
the extra `servers`.
"""

import sys
from collections.abc import Sequence


def make_buckets(names: Sequence[str]) -> list[str]:
    """Make those that are not there.

    Returns:
        The names of those that were made.

    Raises:
        botocore.exceptions.ClientError: the store refuses, or somebody else has a bucket of that name.
    """
    import boto3

    client = boto3.client("s3")
    there = {one["Name"] for one in client.list_buckets()["Buckets"]}
    missing = [name for name in names if name not in there]
    for name in missing:
        client.create_bucket(Bucket=name)
    return missing


if __name__ == "__main__":
    sys.stdout.write(f"made: {', '.join(make_buckets(sys.argv[1:])) or 'none, all were there'}\n")
