"""The site as production serves it, as an ASGI application, with four differences.

A password is not hashed again when its agent signs in. A code de reprise is hashed with the least work. (Each hash
would take a third of a second of processor time.) A sign-out elsewhere is noticed within two seconds. And tests can
call functions in its process (`tests.browser.door`), because a process for each call would take two seconds.

The tests make passwords with one iteration (tests/support/hashers.py). At each first sign-in Django would write one
that is weaker than its own again, for a quarter of a second of processor time. tests/test_standard.py tests that those
of production are slow.
"""

import hashlib
import os
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")

from django.conf import settings

from tests.support import hashers

settings.PASSWORD_HASHERS = ["tests.support.hashers.QuickHasher", *settings.PASSWORD_HASHERS]
hashlib.scrypt = hashers.quick_scrypt

# For a site with languages that nobody speaks: the folder of their translations.
if folder := os.environ.get("PSEUDO_LANGUAGES"):
    from tests.support import pseudo_languages

    settings.LANGUAGES = [*settings.LANGUAGES, *pseudo_languages.LANGUAGES]
    settings.LOCALE_PATHS = [*settings.LOCALE_PATHS, Path(folder)]

from pnav.asgi import application  # noqa: E402, I001  it makes Django ready for what follows
from chat.realtime import connection  # noqa: E402

from tests.browser import door  # noqa: E402

# How often a socket asks whether its session still lives. In production a sign-out closes it within 20 seconds, which
# tests/chat/realtime/test_consumers.py tests. A test of what the page then shows need not wait for it.
connection.CHECK_SECONDS = 1

door.open_in_this_process()

if folder:
    from pnav.pages import completeness

    completeness.KEEP_SECONDS = 1  # the next pages then see what was translated after the first one

__all__ = ["application"]
