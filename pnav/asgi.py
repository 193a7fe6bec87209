"""HTTP and WebSocket in one application, for `daphne pnav.asgi:application`.

A socket is refused before it is accepted when it comes from a foreign page; the visit's session and the signed-in
user are read once, at the handshake.
"""

import logging
import os
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")
django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user  # noqa: E402
from django.http import parse_cookie  # noqa: E402
from django.http.request import split_domain_port, validate_host  # noqa: E402

from chat import doorbell  # noqa: E402
from chat.consumers import DATABASE_AWAY, Receive, Send, in_db  # noqa: E402
from chat.protocol import CLOSE_AGAIN  # noqa: E402
from chat.routing import websocket_urlpatterns  # noqa: E402
from pnav.accounts.second_factor import Standing, standing_of  # noqa: E402
from pnav.http import Pages  # noqa: E402

logger = logging.getLogger(__name__)


def _header(scope: dict[str, Any], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def is_own_origin(scope: dict[str, Any]) -> bool:
    """Whether a handshake comes from one of our pages.

    A browser always names the page's origin, and that is what has to be checked: cookies travel with the handshake
    of any page. A program that sends no origin carries no one else's cookies.
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


def _identify(cookies: dict[str, str]) -> tuple[Any, Any]:
    """The session and the user of a handshake; no user whose session has not proved a second factor."""
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None, None
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    if not session.load():
        return None, None
    user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]
    if standing_of(user, session) is not Standing.COMPLETE:
        user = None  # type: ignore[assignment]
    return session, user


class Handshake:
    """Checks the origin, then adds `session` and `user` to the scope of a socket.

    `identify` reads both again: what was true at the handshake may end while the socket is open.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if not is_own_origin(scope):
            await send({"type": "websocket.close"})
            return
        cookies = parse_cookie(_header(scope, b"cookie"))
        try:
            session, user = await in_db(_identify, cookies)
        except DATABASE_AWAY:
            # « Come back », rather than the failure of a handshake, which a page cannot tell from a blocked network.
            logger.warning("handshake: the database failed")
            await receive()
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": CLOSE_AGAIN})
            return
        identify = partial(_identify, cookies)
        await self.inner({**scope, "session": session, "user": user, "identify": identify}, receive, send)


class WithDoorbell:
    """Starts this process's hub with the first request: the server has no start-up event to do it in."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        doorbell.ensure_hub()
        await self.inner(scope, receive, send)


application = WithDoorbell(
    ProtocolTypeRouter({"http": Pages(), "websocket": Handshake(URLRouter(websocket_urlpatterns))})
)
