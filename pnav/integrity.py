"""This module writes the digest of each script and style into the tags of every page, so that no browser runs an
altered file.

`collectstatic` computes the digests (`pnav.pages.build.storage`), so that a process vouches for what was built, and not
for what it finds on its disk. There are none in tests that only render pages, where files have their plain names
(docs/adr/0096).
"""

import re
from collections.abc import Mapping

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

# `{% module %}` names every imported module beforehand, each with its digest. The header `Integrity-Policy`, which
# refuses a script without a digest, is not sent: WebKit 2.54 (Safari 26) fetches an imported module again without the
# digest of the one that was named, and would run no script of ours.
_LOADED = re.compile(r'(?<=\s)(?:src|href)="(/[^"]+\.(?:js|css))"(?! integrity=)')


def digests() -> Mapping[str, str]:
    """Return the digests (« sha256-… ») by the names under which files are served; empty if none were computed."""
    noted: Mapping[str, str] = getattr(staticfiles_storage, "digests", {})
    return noted


def attributes_of(address: str) -> str:
    """Return the attributes that follow a file's address in its tag, with a space before; "" without a digest.

    They make the request one of CORS, because browsers check digests in no other request.
    """
    digest = digests().get(address.removeprefix(settings.STATIC_URL))
    return f' integrity="{digest}" crossorigin' if digest else ""


def add_integrity(text: str) -> str:
    """Return the text of a template with the digest of each script and style whose whole address it contains."""
    return _LOADED.sub(lambda found: found[0] + attributes_of(found[1]), text)
