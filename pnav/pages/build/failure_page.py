"""This is the page that the proxies show when no process of ours answers: one file, with our own sentences for a
failure.

A proxy knows nobody's language, and hardly whether a visit is discreet. So the page says the same to everybody: each
language that is complete in the code, one after the other, and a title that names neither the site nor its subject. It
has no script and loads nothing. Its style is inside it, and the proxies name the digest of that style in their content
policy.
"""

import base64
import hashlib
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString

from common.texts import languages
from pnav.pages import completeness

STYLE = settings.BASE_DIR / "static" / "pnav" / "busy.css"
FILE = settings.BASE_DIR / "deploy" / "failure.html"  # the page, with the sentences and numbers of the code
STATUSES = (502, 503, 504)
RETRY_SECONDS = 10  # how long a deployment, or a process that starts again, takes


def say(*, is_first: bool) -> SafeString:
    """Return what the page says in the active language. is_first: whether to add the heading of the whole page."""
    return render_to_string("proxy_failure_words.html", {"is_first": is_first})


def _whole_languages() -> list[str]:
    """Return the languages in which the code says everything, the source language first.

    An incomplete language is left out: its part would be French, marked as that language for a screen reader.
    """
    wanted = set(completeness.wanted_messages())
    return [
        languages.source(),
        *(code for code in languages.others() if wanted <= completeness.translated_messages(code)),
    ]


def draw() -> str:
    """Return the page, with the sentences and the numbers that this process knows. It reads one file, the style."""
    source, words = languages.source(), []
    for language in _whole_languages():
        with translation.override(language):
            words.append((language, say(is_first=language == source)))
    with translation.override(source):
        page = render_to_string("proxy_failure.html", {"style": STYLE.read_text(), "words": words})
    return page.strip() + "\n"


def content_policy(page: str) -> str:
    """Return the content policy that the proxies send with this page: its own style, and nothing else."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def write(path: Path) -> None:
    """Write the page to this file, readable by everybody, because a proxy has an account of its own."""
    path.write_text(draw())
    path.chmod(0o644)
