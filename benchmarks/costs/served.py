"""The application as it is served, without the bound of how often one session may open a socket.

`make costs` measures hundreds of handshakes of one session, one after the other, which that bound would refuse.
"""

from chat.realtime import connection
from chat.token_bucket import BucketsByKey
from pnav.asgi import application

connection.OPENINGS = BucketsByKey(1_000_000, 1_000_000)

__all__ = ["application"]
