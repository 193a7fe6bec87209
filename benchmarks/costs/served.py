"""The application as it is served, without the bound of how often one session may open a socket.

`make costs` measures hundreds of handshakes of one session, one after the other, which that bound would refuse.
"""

from pnav.asgi import application  # it sets Django up, which what follows needs


def _lift_bound() -> None:
    from chat.realtime import connection
    from chat.token_bucket import BucketsByKey

    connection.OPENINGS = BucketsByKey(1_000_000, 1_000_000)


_lift_bound()

__all__ = ["application"]
