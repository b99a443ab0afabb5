"""A local S3 server: moto, in a process of its own, with access keys and safe conditional writes.

``python -m lakehouse_assets_tests.reliability.s3_server`` makes a bucket ``lake`` and a user, and prints one line of
JSON: endpoint, access key and secret. From then on requests are refused that are not signed with them.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.request import Request, urlopen

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class OnePutAtATime:
    """moto looks for an object and then puts it: without a lock two ``If-None-Match: *`` at once could both succeed."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "PUT":
            return self._application(environ, start_response)
        with self._lock:
            return self._application(environ, start_response)


def main() -> None:
    server = make_server("127.0.0.1", 0, OnePutAtATime(DomainDispatcherApplication(create_backend_app)), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    fixed = {"endpoint_url": endpoint, "region_name": "us-east-1"}
    first = {"aws_access_key_id": "setup", "aws_secret_access_key": "setup", **fixed}
    boto3.client("s3", **first).create_bucket(Bucket="lake")
    iam = boto3.client("iam", **first)
    iam.create_user(UserName="plant")
    iam.put_user_policy(UserName="plant", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    key = iam.create_access_key(UserName="plant")["AccessKey"]
    urlopen(Request(f"{endpoint}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})).read()
    ready = {"endpoint": endpoint, "key": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    sys.stdin.read()  # until whoever started this goes away


if __name__ == "__main__":
    main()
