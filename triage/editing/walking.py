"""This module walks all paths of a questionnaire in a child process: administrators write it, and some take seconds.

`work` runs in the child, which knows no database and no secret; `walk_in_child` asks for it.
"""

from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from common.offload import pool
from common.texts import languages
from triage.editing.walk import Walk
from triage.questionnaire.document import Problem
from triage.questionnaire.outcomes import Outcome

# A page waits for the walk in its transaction, which PostgreSQL ends after 32 seconds without a statement (settings).
SECONDS = 20.0


def work(asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return what the walk of this document found, as JSON. It runs in a child only, and sets up Django for
    translations alone.

    asked is the document, and the languages of the site. It raises document.DocumentError.
    """
    import django

    settings.configure(
        USE_I18N=True,
        LANGUAGE_CODE=asked["source"],
        LANGUAGES=asked["languages"],
        LOCALE_PATHS=[pool.ROOT / "pnav" / "locale"],
        USE_TZ=True,
    )
    django.setup()
    from triage.editing import walk
    from triage.questionnaire import document

    found = walk.check(document.load(asked["document"], version="walked"))
    return {
        "problems": [[one.place, one.message] for one in found.problems],
        "paths": found.paths,
        "longest": found.longest,
        "states": found.states,
        "outcomes": sorted(str(one) for one in found.outcomes),
        "untranslated": found.untranslated,
    }, b""


def walk_in_child(written: Any) -> Walk:
    """Return what the walk of this document found. It is not final when the machine had no time or place for it now.

    written is a document that `document.load` reads. The walk costs one child process, within the limits of
    `common.offload.pool`.
    """
    asked = {
        "document": written,
        "languages": [[code, languages.own_name(code)] for code in languages.codes()],
        "source": languages.source(),
    }
    try:
        found, _nothing = pool.run("triage.editing.walking", asked, seconds=SECONDS)
    except pool.NotDone as error:
        is_final = error.why in ("time", "memory")
        with translation.override(languages.source()):
            message = (
                _("Il y a trop de chemins pour les vérifier tous : simplifiez les conditions.")
                if is_final
                else _("La vérification n'a pas pu se faire maintenant : rechargez cette page dans une minute.")
            )
        return Walk(problems=(Problem(("questions",), message),), is_final=is_final)
    return Walk(
        problems=tuple(Problem(tuple(place), message) for place, message in found["problems"]),
        paths=found["paths"],
        longest=found["longest"],
        states=found["states"],
        outcomes=frozenset(map(Outcome, found["outcomes"])),
        untranslated=found["untranslated"],
    )
