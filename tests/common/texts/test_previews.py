"""Each text of the catalogue is shown and marked in the preview of its place, in each voice, as the page draws it.

The texts of a place are tried together, each between its own marks, so that every page is drawn at most once.
"""

from fnmatch import fnmatchcase

import pytest
from django.contrib.admin.models import LogEntry

from common.texts import cache as text_cache
from common.texts import languages, marks
from common.texts.catalogue import CATALOGUE, Sentence, as_changed
from pnav.accounts.models import Role
from pnav.pages.previews.text_previews import DRAW
from pnav.pages.previews.trials import Manner, Trial, draws_of, manner_of, texts_tried
from reports.models import AccessRecord
from tests.accounts.cast import make_user
from tests.support import begun, strict_html

pytestmark = pytest.mark.django_db

# The title of a tab, the description for search engines, and words of a script that writes them into another page.
UNSEEN = ("*tab_title", "chat.title_*", "chat.visit_over", "search.*", "frame.description", "pages.error")
UNSEEN += ("errors.unavailable", "places.many_suggestions", "removal.copied", "removal.chosen")


def by_place(voice: str) -> dict[tuple[str, Manner], list[Sentence]]:
    """Return the sentences that have this voice, by where and for whom they are said."""
    found: dict[tuple[str, Manner], list[Sentence]] = {}
    for sentence in CATALOGUE.values():
        if voice in sentence.origins():
            found.setdefault((sentence.place.key, manner_of(sentence)), []).append(sentence)
    return found


def may_be_unseen(key: str) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in UNSEEN)


# The names of texts in each language that is offered: « vous », « tu », « en », « en_tu ».
VOICES = [languages.text_name(language, voice) for language in begun.offered() for voice in languages.VOICES]


@pytest.mark.parametrize("voice", VOICES)
def test_each_text_is_seen_and_marked_in_its_place(rf, voice, tried):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    known = LogEntry.objects.count(), AccessRecord.objects.count()
    language, how = languages.text_place(voice)
    unfound, drawn = [], 0
    for (place, manner), sentences in by_place(voice).items():
        request = rf.post("/admin/sentences/changedsentence/")
        request.user, request.session = user, {}
        texts = {one.key: as_changed(one, {voice: f"{one.origins()[voice]} Essai"})[one.key] for one in sentences}
        trial = Trial(request, sentences, familiar=how == languages.FAMILIAR, manner=manner)
        missing = {one.key for one in sentences}
        with texts_tried(sentences, texts, language):
            for marked in draws_of(trial, DRAW[place]):
                drawn += 1
                assert not marks.PATTERN.search(marked.page)
                # « Voir ce qui change » leads to the first mark. A part of the console is drawn without the rest of it.
                if marked.seen and sentences[0].place.audience == "la personne":
                    # The notice above a document that the person keeps has the spaces of the admin.
                    of = "preview in /admin/ of" if place.startswith("chat.copy") else "preview of"
                    strict_html.check(marked.page, f"{of} {place} ({voice})")
                assert f'<html lang="{language}"' in marked.page
                assert "chat/page.js" not in marked.page and "lib/line.js" not in marked.page
                missing -= {sentences[one].key for one in marked.seen | marked.carried}
                missing -= {key for one in marked.unseen if may_be_unseen(key := sentences[one].key)}
                if not missing:
                    break
        unfound += sorted(missing)
    assert unfound == []
    assert drawn or how == languages.FAMILIAR, "a language may say one text to everybody"
    tried("pages of previews", drawn)
    kept = (text_cache.texts, text_cache.drawn, text_cache.runs, text_cache.patterns, text_cache.drawn_parts)
    assert not any(marks.PATTERN.search(repr(one())) for one in (*kept, text_cache.questions))
    assert (LogEntry.objects.count(), AccessRecord.objects.count()) == known
