"""No-break spaces are inserted where a text is drawn, in every text of ours, and in no text that people wrote."""

import time

import polib
import pytest
from django.template import Context
from django.template.engine import Engine
from django.utils.translation import gettext_lazy

from common.texts import cache as text_cache
from common.texts import typography
from common.texts.cache import Changed
from common.texts.catalogue import CATALOGUE
from common.texts.templatetags.dates import whole_hours, whole_words
from common.texts.typography import keep_together
from tests.pages.test_translations import CATALOGUES as TRANSLATIONS
from tests.support import french

NO_BREAK = "\u00a0"


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("Urgence : appelez !", "Urgence_: appelez_!"),
        ("Qui ? Vous ; toi.", "Qui_? Vous_; toi."),
        ("« Oui » ou « non »", "«_Oui_» ou «_non_»"),
        ("5 % de 10 €", "5_% de 10_€"),
        ("« {name} » : {n} %", "«_{name}_»_: {n}_%"),
        ("deux  blancs  : un", "deux  blancs_: un"),
        ("à la ligne\n    : ici", "à la ligne_: ici"),
        ("jusqu'à 100 000 € ou 5 000 €, au 116 006", "jusqu'à 100_000_€ ou 5_000_€, au 116 006"),
        ("20 arrivées en 7 s : ici ; dans {n} s.", "20 arrivées en 7_s_: ici_; dans {n}_s."),
        ("3 se disent, 2 s'en vont, 4 s&#x27;arrêtent", "3 se disent, 2 s'en vont, 4 s&#x27;arrêtent"),
        ("24h/24, https://exemple.fr/?q=1", "24h/24, https://exemple.fr/?q=1"),
        ("Right: fine, isn't it?", "Right: fine, isn't it?"),
        (" : ", "_: "),
        ("", ""),
    ],
)
def test_space_before_a_high_sign_breaks_no_line(written, drawn):
    assert keep_together(written) == drawn.replace("_", NO_BREAK)
    assert keep_together(keep_together(written)) == keep_together(written)


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("Avant tout, êtes-vous en sécurité ?", "Avant tout, [êtes-vous] en sécurité_?"),
        ("Que se passe-t-il ? Qui aides-tu ?", "Que se [passe-t-il]_? Qui [aides-tu]_?"),
        ("Le cyber-harcèlement", "Le cyber-harcèlement"),  # wider than a screen, once the text is large
        ("<b>dit-il</b> & - l'a-t-on", "&lt;b&gt;[dit-il]&lt;/b&gt; &amp; - l&#x27;[a-t-on]"),
        ("a" * 5000 + "-", "a" * 5000 + "-"),
    ],
)
def test_title_ends_no_line_at_the_hyphen_of_a_short_word(written, drawn):
    whole = drawn.replace("_", NO_BREAK).replace("[", '<span class="pnav-whole">').replace("]", "</span>")
    assert whole_words(written) == whole


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("jeudi 3 décembre 2026, 4 h 22", "jeudi 3 décembre 2026, 4_h_22"),
        ("mardi 1er décembre 2026, 14 h", "mardi 1er décembre 2026, 14_h"),
        ("Thursday 3 December 2026, 4:22", "Thursday 3 December 2026, 4:22"),
        ("2026 hivers, 12 heures : 12 h 3", "2026 hivers, 12 heures_: 12_h 3"),
    ],
)
def test_no_line_ends_within_the_hour_of_an_appointment(written, drawn):
    assert whole_hours(written) == drawn.replace("_", NO_BREAK)


def test_lazy_text_stays_lazy():
    drawn = keep_together(gettext_lazy("Oui : non"))
    assert not isinstance(drawn, str) and str(drawn) == f"Oui{NO_BREAK}: non"


def test_time_grows_as_the_text_does():
    def taken(text: str) -> float:
        typography._drawn.cache_clear()
        start = time.thread_time()
        keep_together(text)
        return time.thread_time() - start

    for piece in (" ", " :", "« ", "\n", "« :"):
        assert taken(piece * 400_000) < 20 * taken(piece * 40_000) + 0.05


# --- where it is drawn ------------------------------------------------------------------------------------------------


def drawn(source: str, **values: object) -> str:
    """Draw a template of the site as the loader has it."""
    engine = Engine.get_default()
    template = engine.from_string(source)
    engine.template_loaders[0]._fold(template.nodelist)
    return template.render(Context(values))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Oui : non</p>", "<p>Oui_: non</p>"),
        ('{% load i18n %}{% translate "Oui : non" %}', "Oui_: non"),
        ('{% load i18n %}{% translate "Oui : non" as said %}<p>{{ said }}</p>', "<p>Oui_: non</p>"),
        ("{% load i18n %}{% blocktranslate trimmed %}\n  Oui :\n  100 % !\n{% endblocktranslate %}", "Oui_: 100_%_!"),
        ("{% load i18n %}{% blocktranslate with a=a %}« {{ a }} » ?{% endblocktranslate %}", "«_&lt;b&gt;_»_?"),
        ("{% load i18n %}{% blocktranslate asvar b %}Oui ?{% endblocktranslate %}{{ b }}", "Oui_?"),
        ("{% load i18n %}{% blocktranslate count n=2 %}{{ n }} ?{% plural %}{{ n }} !{% endblocktranslate %}", "2_!"),
        ("{% if a %}Oui ?{% endif %}{{ a }} !", "Oui_?&lt;b&gt;_!"),
        ("{{ own|unbroken }} et {{ own }}", "Oui_? et Oui ?"),
    ],
)
def test_template_draws_its_texts_so_and_no_value(source, text):
    assert drawn(source, a="<b>", own="Oui ?") == text.replace("_", NO_BREAK)


def test_changed_sentence_is_drawn_so_and_kept_as_it_was_written():
    key = "chat.lost"
    text_cache.set_changed({key: Changed.named(vous="Perdu ? « Réessayer » : ici !")})
    expected = "Perdu_? «_Réessayer_»_: ici_!".replace("_", NO_BREAK)
    sentence = CATALOGUE[key]
    assert sentence.say() == sentence.html() == str(sentence.later()) == expected
    assert drawn('{% load texts %}{% sentence "chat.lost" %}') == expected
    assert list(text_cache.changed(key).texts.values()) == ["Perdu ? « Réessayer » : ici !"]


# --- what is written --------------------------------------------------------------------------------------------------


def test_no_text_of_the_catalogue_can_break_there_and_none_is_written_with_what_cannot_be_seen():
    wrong = []
    for sentence in CATALOGUE.values():
        for familiar in (False, True):
            if french.breakable(sentence.say(familiar=familiar)):
                wrong.append(f"{sentence.key} can break")
        wrong += [f"{sentence.key} ({name})" for name, text in sentence.origins().items() if unseen(text)]
    assert CATALOGUE and not wrong, "Write an ordinary space: it is made no-break where the text is drawn."


def test_no_translation_is_written_with_what_cannot_be_seen():
    entries = [entry for path in TRANSLATIONS for entry in polib.pofile(str(path))]
    assert len(entries) > 500
    assert [entry.msgid for entry in entries if unseen(entry.msgid) or unseen(entry.msgstr)] == []


def unseen(text: str) -> bool:
    return any(sign in text for sign in "\u00a0\u202f\u200b\u00ad\u2060")


@pytest.mark.parametrize(
    ("page", "count"),
    [
        ("<p>Oui : non</p>", 1),
        ("<p>« Oui »</p>", 2),
        (f"<p>Oui{NO_BREAK}: non</p>", 0),
        ('<p title="Oui : non">Oui</p>', 0),
        ('<p class="pnav-message__body">Pourquoi ?</p><textarea>Oui : non</textarea>', 0),
        ("<p>Oui <b>!</b></p>", 1),
    ],
)
def test_check_of_a_page_finds_what_can_break(page, count):
    assert len(french.breakable(page)) == count
