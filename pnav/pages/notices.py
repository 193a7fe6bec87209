"""What the next page is to say, kept in a cookie until then, as Django does; the cookie has our prefix."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage

MESSAGES_COOKIE = "messages" if settings.DEMO else "__Host-messages"


class HostCookieStorage(CookieStorage):
    cookie_name = MESSAGES_COOKIE


class Storage(FallbackStorage):
    """Named by `settings.MESSAGE_STORAGE`. What is too long for a cookie goes to the (sealed) session."""

    storage_classes = (HostCookieStorage, SessionStorage)
