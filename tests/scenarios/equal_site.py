"""The site as in production, except that a process of pages has the priority of any other, as an ASGI application.

In production such a process stands five steps below the sockets of its machine (`PAGES_NICENESS`). Beside tests that
fill two processors it then gets a tenth of one, which is less than the pages of a few people need, and their requests
wait until they are refused.
"""

from pnav.server import process_role

process_role.PAGES_NICENESS = 0  # before `pnav.asgi` reads it

from pnav.asgi import application  # noqa: E402

__all__ = ["application"]
