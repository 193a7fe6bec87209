"""This module keeps what the next page is to say in a cookie until then, as Django does; the cookie has our prefix."""

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage

MESSAGES_COOKIE = "messages" if settings.DEMO else "__Host-messages"


class HostCookieStorage(CookieStorage):
    cookie_name = MESSAGES_COOKIE


class Storage(FallbackStorage):
    """Named by `settings.MESSAGE_STORAGE`. What is too long for a cookie goes to the (sealed) session.

    What waits already is not added again: somebody who is not signed in can have a sentence said at each request, and
    thousands of the same make a small cookie and a page that is long to draw, as often as that cookie is sent.
    """

    storage_classes = (HostCookieStorage, SessionStorage)

    def add(self, level: int, message: Any, extra_tags: str | None = "") -> None:
        if self.used or Message(level, message) not in self:  # what was read waits no more
            super().add(level, message, extra_tags)
