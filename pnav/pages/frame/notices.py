"""Keeps the messages for the next page in a cookie, as Django does. The cookie has our prefix."""

from typing import Any

from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage

from common.kept_messages import is_due

MESSAGES_COOKIE = "messages" if settings.DEMO else "__Host-messages"


class HostCookieStorage(CookieStorage):
    cookie_name = MESSAGES_COOKIE


class Storage(FallbackStorage):
    """The storage that `settings.MESSAGE_STORAGE` names. What is too long for a cookie goes to the (encrypted) session.

    A message that waits already is not added again. Otherwise somebody who is not signed in could add one at each
    request, and thousands of the same make a small cookie and a page that is slow to draw, each time that the cookie is
    sent. One of an exchange is not read elsewhere (`common.kept_messages`).
    """

    storage_classes = (HostCookieStorage, SessionStorage)

    def _get(self, *args: Any, **kwargs: Any) -> tuple[list[Message], bool]:
        kept, is_all = super()._get(*args, **kwargs)  # type: ignore[misc]  # the stubs leave it out
        return [one for one in kept if is_due(one, self.request.path)], is_all

    def add(self, level: int, message: Any, extra_tags: str | None = "") -> None:
        if self.used or Message(level, message) not in self:  # a message that was read waits no more
            super().add(level, message, extra_tags)
