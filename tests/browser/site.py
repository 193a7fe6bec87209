"""The site as production serves it, as an ASGI application, but for four things.

A password is not hashed anew when its agent signs in, a code de reprise is hashed with the least work (each
time a third of a second of a processor), a sign-out elsewhere is noticed within two seconds, and the tests have things
done in its process (`tests.browser.door`): a process of its own for each would be two seconds.

The tests make passwords with one iteration (tests/support/hashers.py). Django writes what is weaker than its own again,
at each first sign-in: a quarter of a second of a processor. That production's are slow is seen in
tests/test_standard.py.
"""

import hashlib
import os
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")

from django.conf import settings

from tests.support import hashers

settings.PASSWORD_HASHERS = ["tests.support.hashers.QuickHasher", *settings.PASSWORD_HASHERS]
hashlib.scrypt = hashers.quick_scrypt

# A site with languages that nobody speaks: the folder of their translations.
if folder := os.environ.get("PSEUDO_LANGUAGES"):
    from tests.support import pseudo_languages

    settings.LANGUAGES = [*settings.LANGUAGES, *pseudo_languages.LANGUAGES]
    settings.LOCALE_PATHS = [*settings.LOCALE_PATHS, Path(folder)]

from pnav.asgi import application  # noqa: E402, I001  it makes Django ready for what follows
from chat.realtime import connection  # noqa: E402

from tests.browser import door  # noqa: E402

# How often a socket asks whether its session goes on. In production a sign-out closes it within 20 seconds, which
# tests/chat/realtime/test_consumers.py sees; a page that is shown how it ends need not wait for it.
connection.CHECK_SECONDS = 1

door.open_in_this_process()

if folder:
    from pnav.pages import completeness

    completeness.KEEP_SECONDS = 1  # what is translated after the first page is seen by the next ones

__all__ = ["application"]
