"""Ask this container's own process for a page: `python deploy/probe.py /health/ready`. Exit status 0 for a 200.

By the loopback, under the first name of ALLOWED_HOSTS. PROBE_AUTHORITY names the file of the authority to trust: then
over TLS, as docker-compose.yml has it; without, in clear. WEB_PORT as of the process. Prints nothing but the status.
"""

import http.client
import os
import ssl
import sys

PORT = 8000  # as `pnav.server.entry` has it, which is not imported: this starts as fast as Python does
SECONDS = 5


def connect() -> http.client.HTTPConnection:
    port = int(os.environ.get("WEB_PORT") or PORT)
    if authority := os.environ.get("PROBE_AUTHORITY"):
        trusting = ssl.create_default_context(cafile=authority)
        return http.client.HTTPSConnection("localhost", port, timeout=SECONDS, context=trusting)
    return http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)


def main(path: str) -> int:
    try:
        connection = connect()
        connection.request("GET", path, headers={"Host": os.environ["ALLOWED_HOSTS"].split(",")[0].strip()})
        status = connection.getresponse().status
    except OSError as error:  # a certificate that is not trusted too
        print(type(error).__name__)  # noqa: T201  read by `docker inspect`
        return 1
    print(status)  # noqa: T201
    return 0 if status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
