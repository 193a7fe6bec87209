"""The browser of a person, and what it sends."""

import json
import uuid
from html import unescape

from django.urls import reverse

PAGE = "/tchat/"


def shown(response) -> str:
    return unescape(response.text)


def send(client, body, client_id=None, **extra):
    data = {"client_id": str(client_id or uuid.uuid4()), "body": body}
    return client.post(reverse("chat:message"), data, **extra)


# --- frames over HTTP -------------------------------------------------------------------------------------------------


def exchange(client, frame, **extra):
    text = frame if isinstance(frame, str) else json.dumps(frame)
    return client.post(reverse("chat:frames"), text, content_type="application/json", **extra)
