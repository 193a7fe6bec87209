"""This is the ASGI application for HTTP and WebSocket, for `daphne pnav.asgi:application`.

A socket that another site's page opens is refused before it is accepted.
"""

import asyncio
import gc
import os
import sys
from functools import partial
from typing import Any

import django

from common.offload.process import forbid_dumps

forbid_dumps(for_measuring=bool(os.environ.get("DEMO")))  # before any secret is read
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.http import parse_cookie  # noqa: E402
from django.http.request import split_domain_port, validate_host  # noqa: E402
from django.urls import resolve, reverse  # noqa: E402

from chat.realtime.authentication import Identities  # noqa: E402
from chat.realtime.broadcaster import ensure_broadcaster  # noqa: E402
from chat.realtime.connection import Receive, Send  # noqa: E402
from chat.realtime.routing import websocket_urlpatterns  # noqa: E402
from common import security_log, tracing  # noqa: E402
from common.offload.process import lower_priority  # noqa: E402
from common.security_log import Event  # noqa: E402
from pnav import addresses, health  # noqa: E402
from pnav.pages import quick_exit  # noqa: E402
from pnav.server import busy  # noqa: E402
from pnav.server.admission import buckets_of  # noqa: E402
from pnav.server.identity import identify_passes  # noqa: E402
from pnav.server.page_garbage import THRESHOLDS, keep_collecting  # noqa: E402
from pnav.server.page_handler import OperatorPages, Pages, is_idle  # noqa: E402
from pnav.server.process_role import PAGES_NICENESS, ProcessRole  # noqa: E402
from pnav.server.serving import install_server, quieten_autobahn  # noqa: E402
from pnav.server.watermark import MEMORY, use_one_arena  # noqa: E402
from pnav.sessions import stored_key  # noqa: E402

use_one_arena()


def _header(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def is_own_origin(scope: dict[str, Any]) -> bool:
    """Return whether the handshake of a socket comes from one of our pages.

    A browser always sends the origin of the page. It has to be checked, because cookies are sent with a handshake from
    any page. A program that sends no origin has no cookies of other people.
    """
    host = _header(scope, b"host")
    domain, _port = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return False
    origin = _header(scope, b"origin")
    if not origin:
        return True
    scheme = "http" if settings.DEMO else "https"
    return origin == f"{scheme}://{host}" or origin in settings.CSRF_TRUSTED_ORIGINS


class Handshake:
    """Refuses sockets of other sites' pages, and gives the others what they need to find out whose they are."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self._identities: Identities | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if not is_own_origin(scope):
            security_log.log(Event.SOCKET_REFUSED, why="origin")
            await send({"type": "websocket.close"})
            return
        if MEMORY.is_over():  # the page tries again by itself, at growing intervals
            security_log.log(Event.LIMIT_REACHED, limit="memory")
            scope["broadcaster"].hurry_garbage()
            await send({"type": "websocket.close"})
            return
        if self._identities is None or self._identities.loop is not asyncio.get_running_loop():
            self._identities = Identities(identify_passes)
        cookies = parse_cookie(_header(scope, b"cookie"))
        cookie = cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie and settings.LEFT_COOKIE_NAME in cookies:  # another tab left while there was no network
            quick_exit.finish_by_socket(cookie)
            cookie = None
        scope["session_key"] = stored_key(cookie) if cookie else None
        scope["identities"] = self._identities
        scope["networks"] = buckets_of(scope)
        await self.inner(scope, receive, send)


def _load_addresses() -> None:
    """Load the tables of addresses, and with them every view and form.

    It takes half a second. Otherwise the first page would take it, and delay every conversation under way.
    """
    resolve("/")
    reverse("health_live")
    addresses.load()
    busy.prepare()


def _settle(*, has_sockets: bool) -> None:
    """Keep the garbage collector away from everything that is loaded now, because it stays for good.

    With 10,000 open sockets a full collection stops everybody for as long as dozens of messages take.
    """
    quieten_autobahn()
    gc.collect()
    gc.freeze()
    # Each page leaves some sixty objects that refer to each other. In a process without sockets they are looked for
    # more often, a few at a time, and everything is looked at while no page is under way (docs/adr/0130).
    gc.set_threshold(*((10_000, 10, 10) if has_sockets else THRESHOLDS))
    # A thread that works on a page or a batch gives the event loop, through which all messages pass, its turn sooner.
    sys.setswitchinterval(0.001)


class WithBroadcaster:
    """Hands this process's broadcaster to the sockets in their scope.

    The broadcaster begins when the server listens, so that the process says that it is alive before anybody comes. A
    server other than ours does not call `begin`; then it begins with the first request.
    """

    def __init__(self, inner: Any, *, has_sockets: bool = True) -> None:
        self.inner = inner
        self.has_sockets = has_sockets
        self.is_settled = False

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if not self.is_settled:
            self.is_settled = True
            _settle(has_sockets=self.has_sockets)
        scope["broadcaster"] = ensure_broadcaster(has_sockets=self.has_sockets)
        # Daphne takes this value from a header (`Daphne-Root-Path`), which anybody can send. It would change our
        # addresses, and for each value a copy of every template would be kept for good. The site is at the root.
        scope["root_path"] = ""
        await self.inner(scope, receive, send)


async def refuse_socket(_scope: dict[str, Any], _receive: Receive, send: Send) -> None:
    """Refuse a socket in a process of pages, before it is accepted. Its page opens another one, on a new connection."""
    security_log.log(Event.SOCKET_REFUSED, why="process_role")
    await send({"type": "websocket.close"})


def application_for(role: str) -> WithBroadcaster:
    """Return the application of a process with this role."""
    sockets: Any = Handshake(URLRouter(websocket_urlpatterns))
    pages = OperatorPages() if role == ProcessRole.SOCKETS else Pages()
    has_sockets = role != ProcessRole.PAGES
    parts = {"http": pages, "websocket": sockets if has_sockets else refuse_socket}
    return WithBroadcaster(ProtocolTypeRouter(parts), has_sockets=has_sockets)


install_server(
    health.are_pages_stuck, partial(ensure_broadcaster, has_sockets=settings.PROCESS_ROLE != ProcessRole.PAGES)
)
if settings.PROCESS_ROLE == ProcessRole.PAGES:
    lower_priority(PAGES_NICENESS)  # before threads are started, because they inherit it
    keep_collecting(is_idle, MEMORY.is_over)
_load_addresses()
tracing.start_tracing(settings.PROCESS_ROLE)
application = application_for(settings.PROCESS_ROLE)
