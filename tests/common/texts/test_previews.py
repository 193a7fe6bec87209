"""Each text of the catalogue is seen and marked in the preview of its place, in each voice, as the page draws it.

The texts of a place are tried together, each between its own marks, so that every page is drawn once at most.
"""

import pytest
from django.contrib.admin.models import LogEntry

from common.texts import cache as text_cache
from common.texts import languages, marks
from common.texts.catalogue import CATALOGUE, Sentence, as_changed
from pnav.accounts.models import Role
from pnav.pages.previews.text_previews import DRAW
from pnav.pages.previews.trials import Manner, Trial, draws_of, manner_of, trying
from reports.models import AccessRecord
from tests.accounts.cast import make_user

pytestmark = pytest.mark.django_db

# Where a machine alone reads them, or what waits for a gesture: the title of a tab, the data of a script, an attribute.
UNSEEN: set[str] = set()


def by_place(voice: str) -> dict[tuple[str, Manner], list[Sentence]]:
    """The sentences that have this voice, by where and for whom they are said."""
    found: dict[tuple[str, Manner], list[Sentence]] = {}
    for sentence in CATALOGUE.values():
        if voice in sentence.origins():
            found.setdefault((sentence.place.key, manner_of(sentence)), []).append(sentence)
    return found


@pytest.mark.parametrize("voice", ["vous", "tu", "en", "en_tu"])
def test_each_text_is_seen_and_marked_in_its_place(rf, voice):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    known = LogEntry.objects.count(), AccessRecord.objects.count()
    language, how = languages.text_place(voice)
    unfound, unseen, drawn = [], [], 0
    for (place, manner), sentences in by_place(voice).items():
        request = rf.post("/admin/sentences/changedsentence/")
        request.user, request.session = user, {}
        texts = {one.key: as_changed(one, {voice: f"{one.origins()[voice]} Essai"})[one.key] for one in sentences}
        trial = Trial(request, sentences, familiar=how == languages.FAMILIAR, manner=manner)
        missing, read = set(range(len(sentences))), set()
        with trying(sentences, texts, language):
            for marked in draws_of(trial, DRAW[place]):
                drawn += 1
                assert not marks.PATTERN.search(marked.page)
                assert f'<html lang="{language}"' in marked.page
                assert "chat/page.js" not in marked.page and "lib/line.js" not in marked.page
                read |= marked.unseen
                missing -= marked.seen | marked.carried
                if not missing:
                    break
        unseen += [sentences[one].key for one in missing & read]
        unfound += [sentences[one].key for one in missing - read]
    assert not unfound
    assert sorted(set(unseen) - UNSEEN) == []
    kept = (text_cache.texts, text_cache.drawn, text_cache.runs, text_cache.patterns, text_cache.drawn_parts)
    assert not any(marks.PATTERN.search(repr(one())) for one in (*kept, text_cache.boxes))
    assert (LogEntry.objects.count(), AccessRecord.objects.count()) == known
