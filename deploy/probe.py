"""Ask this container's own process for a page: `python deploy/probe.py /health/ready`. Exit status 0 for a 200.

By the loopback, over HTTP, under the first name of ALLOWED_HOSTS. Prints nothing but the status.
"""

import http.client
import os
import sys

PORT = 8000
SECONDS = 5


def main(path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PROBE_PORT", PORT)), timeout=SECONDS)
    try:
        connection.request("GET", path, headers={"Host": os.environ["ALLOWED_HOSTS"].split(",")[0].strip()})
        status = connection.getresponse().status
    except OSError as error:
        print(type(error).__name__)  # noqa: T201  read by `docker inspect`
        return 1
    print(status)  # noqa: T201
    return 0 if status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
