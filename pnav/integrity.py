"""Writes the digest of each script and style beside its address in every page: an altered file is not run.

`collectstatic` notes them (`pnav.pages.build.storage`), so that a process attests what was built, not what it finds on
its disk. Where files have their plain names, in tests that draw pages only, there are none (docs/adr/0096).
"""

import re
from collections.abc import Mapping

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

# Modules that are imported are those that `{% module %}` names beforehand, each with its digest. `Integrity-Policy`,
# which refuses a script without one, is not sent: WebKit 2.54 (Safari 26) fetches an imported module anew, without the
# digest of the one that was named, and would run no script of ours.
_LOADED = re.compile(r'(?<=\s)(?:src|href)="(/[^"]+\.(?:js|css))"(?! integrity=)')


def digests() -> Mapping[str, str]:
    """« sha256-… » by the name under which a file is served; empty where none were noted."""
    noted: Mapping[str, str] = getattr(staticfiles_storage, "digests", {})
    return noted


def attributes_of(address: str) -> str:
    """What follows the address of a file in its tag, with a space before it; nothing for a file without a digest.

    The request is one of CORS then: browsers believe no digest of another.
    """
    digest = digests().get(address.removeprefix(settings.STATIC_URL))
    return f' integrity="{digest}" crossorigin' if digest else ""


def add_integrity(text: str) -> str:
    """The text of a template, with the digest of each script and style that it names whole."""
    return _LOADED.sub(lambda found: found[0] + attributes_of(found[1]), text)
