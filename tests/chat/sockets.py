"""Sockets of a test: a line to the ASGI application with the cookie of a real session."""

import asyncio
import json
import uuid
from collections.abc import Callable
from importlib import import_module
from typing import Any, Self

from allauth.mfa.totp.internal.auth import generate_totp_secret
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from chat.database import in_db
from chat.models import Agent, Conversation
from pnav.accounts.second_factor import enrol_totp, record_enrolment
from pnav.asgi import application
from reports.session import DISCREET, KEY

SECONDS = 15  # a busy machine is slow, but a broken promise is never kept


def visit(conversation: Conversation) -> str:
    """Return the session key of the visit that opened this conversation."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[KEY] = str(conversation.report.public_id)
    session[DISCREET] = conversation.report.discreet
    session.save()
    return session.session_key


def signed_in(agent: Agent, *, second_factor: bool = True) -> str:
    """Return the session key of an agent who signed in."""
    user = agent.user
    if second_factor:
        enrol_totp(user, generate_totp_secret())
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    if second_factor:
        record_enrolment(user, session)
    session.save()
    return session.session_key


class Line:
    """One socket. `async with Line("/ws/conversation/", key) as line:` connects, and closes at the end."""

    def __init__(
        self, path: str, session_key: str | None, origin: str | None = "http://testserver", cookies: str = ""
    ) -> None:
        headers = [(b"host", b"testserver")]
        if origin:
            headers.append((b"origin", origin.encode()))
        if session_key:
            headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={session_key}{cookies}".encode()))
        self.socket = WebsocketCommunicator(application, path, headers=headers)

    async def __aenter__(self) -> Self:
        connected, _code = await self.socket.connect(timeout=SECONDS)
        assert connected
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.socket.disconnect(timeout=SECONDS)

    async def send(self, **frame: Any) -> None:
        await self.socket.send_to(text_data=json.dumps(frame))

    async def receive(self) -> dict[str, Any]:
        event = await self.socket.receive_output(timeout=SECONDS)
        if event["type"] == "websocket.close":
            raise Closed(event["code"])
        return json.loads(event["text"])

    async def until(self, wanted: Callable[[dict[str, Any]], bool] | str) -> dict[str, Any]:
        """Return the first frame of this type, or that satisfies the question; others before it are let go."""
        async with asyncio.timeout(SECONDS):
            while True:
                frame = await self.receive()
                if frame["type"] == wanted if isinstance(wanted, str) else wanted(frame):
                    return frame

    async def hears(self, body: str) -> dict[str, Any]:
        """Return the item with this body; frames before it are let go."""

        def holds_it(frame: dict[str, Any]) -> bool:
            return any(item["body"] == body for item in frame.get("items", []) if "body" in item)

        frame = await self.until(holds_it)
        return next(item for item in frame["items"] if item["body"] == body)

    async def post(self, body: str, conversation: uuid.UUID | None = None, client_id: str = "") -> dict[str, Any]:
        """Post and return the item that acknowledges it."""
        client_id = client_id or str(uuid.uuid4())
        more = {"conversation": str(conversation)} if conversation else {}
        await self.send(type="post", client_id=client_id, body=body, **more)

        def is_mine(frame: dict[str, Any]) -> bool:
            return frame["type"] == "messages" and any(item["client_id"] == client_id for item in frame["items"])

        frame = await self.until(is_mine)
        return next(item for item in frame["items"] if item["client_id"] == client_id)

    async def closed(self) -> int:
        """Return the code with which the server hangs up."""
        try:
            async with asyncio.timeout(SECONDS):
                while True:
                    await self.receive()
        except Closed as closed:
            return closed.code


class Closed(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


__all__ = ["Closed", "Line", "in_db", "signed_in", "visit"]
