"""Ask this container's own process for a page: `python deploy/probe.py /health/ready`.

Exit status 0 for a 200; 3 where somebody listens and does not answer, or says that page threads take no turns: such a
process stands still (`pnav.server.entry`, `health --end`). Anything else is 1: one that starts or ends listens nowhere.

By the loopback, under the first name of ALLOWED_HOSTS. PROBE_AUTHORITY names the file of the authority to trust: then
over TLS, as docker-compose.yml has it; without, in clear. WEB_PORT as of the process. Prints nothing but the status.
"""

import http.client
import os
import ssl
import sys

PORT = 8000  # as `pnav.server.entry` has it, which is not imported: this starts as fast as Python does
SECONDS = 10  # far longer than a process is late on a machine that has too much to do: docs/adr/0109
STANDS_STILL = 3  # as `pnav.server.entry` has it
STUCK = b'"stuck"'  # the status that `pnav.health` says
MOST_BYTES = 4096  # of an answer


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
        response = connection.getresponse()
        status, said = response.status, response.read(MOST_BYTES)
    except (OSError, http.client.HTTPException) as error:  # a certificate that is not trusted too
        print(type(error).__name__)  # noqa: T201  read by `docker inspect`
        return STANDS_STILL if isinstance(error, TimeoutError) else 1
    print(status)  # noqa: T201
    if status == http.client.OK:
        return 0
    return STANDS_STILL if STUCK in said else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
