"""What texts say now: filling, voices, escaping, and how old a text may be."""

import pytest
from django import forms
from django.db import DatabaseError
from django.template import Context
from django.template.engine import Engine
from django.utils import translation

from chat.texts import forms as form_texts
from chat.texts import thread as thread_texts
from common.texts import cache as text_cache
from common.texts import marks
from common.texts.cache import Changed
from common.texts.catalogue import CATALOGUE
from common.texts.help_numbers import Number
from common.texts.templatetags.texts import SentenceNode
from pnav.pages.models import HelpNumber
from tests.factories.texts import changed


def drawn(tag: str, **context: object) -> str:
    return Engine.get_default().from_string("{% load texts %}" + tag).render(Context(context))


# --- said -------------------------------------------------------------------------------------------------------------


def test_origin_is_said_when_nothing_was_changed():
    assert thread_texts.ARRIVED.say(name="Camille") == "Camille est là. L'échange peut commencer."


def test_change_is_said_in_its_voice_and_language_alone():
    text_cache.set_changed({"chat.wait_unknown": Changed.named(vous="Vous attendez.", en="You wait.", es="Espere.")})
    assert thread_texts.WAIT_UNKNOWN.say() == "Vous attendez."
    assert thread_texts.WAIT_UNKNOWN.say(familiar=True) == thread_texts.WAIT_UNKNOWN.origin(familiar=True)
    with translation.override("en"):
        assert thread_texts.WAIT_UNKNOWN.say() == "You wait."
        own = thread_texts.WAIT_UNKNOWN.origin(familiar=True, language="en")
        assert thread_texts.WAIT_UNKNOWN.say(familiar=True) == own, "English says this one in two ways"


def test_one_text_serves_both_voices_where_a_language_has_one():
    text_cache.set_changed({"chat.position": Changed.named(vous="Rang {n}.", en="Number {n}.")})
    with translation.override("en"):
        assert thread_texts.POSITION.voices("en") == ("vous",) and thread_texts.POSITION.voices("fr") == ("vous", "tu")
        assert thread_texts.POSITION.say(n=4) == thread_texts.POSITION.say(familiar=True, n=4) == "Number 4."


def test_language_that_the_site_does_not_have_is_the_source_language():
    text_cache.set_changed({"chat.online": Changed.named(vous="De retour.")})
    with translation.override("de"):
        assert thread_texts.ONLINE.say() == "De retour."


def test_change_of_one_voice_serves_who_has_only_that():
    text_cache.set_changed({"chat.online": Changed.named(vous="De retour.")})
    assert thread_texts.ONLINE.say(familiar=True) == "De retour."


def test_what_is_filled_in_is_never_read_again():
    assert thread_texts.SUMMARY_PROPOSED.say(name="{to}", to="{numero_police}").startswith("{to} propose de confier la")
    text_cache.set_changed({"chat.stays": Changed.named(vous="{name} {name.__class__} {0} {}")})
    assert thread_texts.STAYS.say(name="Camille") == "Camille {name.__class__} {0} {}"


def test_numbers_are_those_of_the_administrators():
    text_cache.set_changed({}, {"numero_police": Number("17 00", "tel:1700")})
    assert "17 00" in CATALOGUE["chat.no_emergency_line"].say()
    html = CATALOGUE["chat.no_emergency_line"].html()
    assert '<a href="tel:1700">17 00</a>' in html and '<a href="sms:114">114</a>' in html, "the others stay"


def test_script_of_an_administrator_is_text():
    text_cache.set_changed({"chat.agent_label": Changed.named(vous="<script>alert(1)</script> & {numero_police}")})
    page = drawn('{% sentence "chat.agent_label" %}')
    assert page == '&lt;script&gt;alert(1)&lt;/script&gt; &amp; <a href="tel:17">17</a>'
    assert "<script>" not in drawn('<p title="{% sentence "chat.agent_label" bare %}">')


def test_what_fills_a_sentence_is_escaped():
    assert "&lt;b&gt;" in drawn('{% sentence "chat.goes_on" date=day %}', day="<b>")


def test_tag_speaks_as_the_page():
    assert "Tu parles" in drawn('{% sentence "chat.agent_label" %}', familiar=True)
    assert "Vous parlez" in drawn('{% sentence "chat.agent_label" %}')


def test_tag_is_not_folded_into_the_template(rf):
    """The loader keeps what is the same at every visit; a sentence is not."""
    template = Engine.get_default().get_template("chat/_preparation.html")
    assert "Que préparer" in template.render(Context({"familiar": False}))
    text_cache.set_changed({"chat.ready_title": Changed.named(vous="Pendant ce temps")})
    assert "Pendant ce temps" in template.render(Context({"familiar": False}))


def test_trying_is_seen_where_it_is_tried_and_leaves_nothing():
    with text_cache.previewing({"chat.online": Changed.named(vous="Essai")}):
        assert thread_texts.ONLINE.say() == drawn('{% sentence "chat.online" %}') == "Essai"
    with text_cache.previewing({"chat.online": Changed.named(vous="Essai")}, is_marked=True):
        assert thread_texts.ONLINE.say() == drawn('{% sentence "chat.online" %}') == marks.put_around("Essai", 0)
        assert thread_texts.OFFLINE.say() == marks.take_out(thread_texts.OFFLINE.say())
    assert drawn('{% sentence "chat.online" %}') == "Connexion rétablie."


# --- said later, and where --------------------------------------------------------------------------------------------


def test_text_of_a_form_is_that_of_the_moment_it_is_read():
    label = thread_texts.ONLINE.later()
    assert label == "Connexion rétablie."
    text_cache.set_changed({"chat.online": Changed.named(vous="De retour.", en="Back.")})
    assert str(label) == "De retour."
    with translation.override("en"):
        assert str(label) == "Back."


def test_text_of_a_form_speaks_as_the_form_was_made_for():
    assert str(thread_texts.WAIT_UNKNOWN.later(familiar=True)) == thread_texts.WAIT_UNKNOWN.origin(familiar=True)


class Short(forms.Form):
    text = forms.CharField(max_length=3, error_messages={"max_length": form_texts.SUMMARY_TOO_LONG.later()})


def test_error_is_filled_by_name_and_a_per_cent_sign_means_nothing():
    assert Short({"text": "long"}).errors["text"] == ["Le texte est trop long\u00a0: 3 caractères au plus."]
    text_cache.set_changed({"handover.too_long": Changed.named(vous="100 % de {limit_value}, %s et %(value)s <b>")})
    form = Short({"text": "long"})
    assert form.errors["text"] == ["100\u00a0% de 3,\u00a0%s et\u00a0%(value)s <b>"]
    assert "&lt;b&gt;" in str(form) and "<b>" not in str(form)


def test_within_a_button_a_number_is_no_link():
    text_cache.set_changed({"chat.online": Changed.named(vous="Le {numero_police} <b>")})
    assert drawn('{% sentence "chat.online" plain %}') == "Le 17 &lt;b&gt;"
    with text_cache.previewing({"chat.online": Changed.named(vous="Essai")}):
        assert drawn('{% sentence "chat.online" plain %}') == drawn('{% sentence "chat.online" bare %}') == "Essai"


def test_text_is_kept_under_a_name_and_escaped_where_it_is_drawn():
    text_cache.set_changed({"chat.online": Changed.named(vous="<b>")})
    assert drawn('{% sentence "chat.online" as hint %}[{{ hint }}]') == "[&lt;b&gt;]"


class Asked:
    """The visit that decides in which voice and language to speak."""

    def __init__(self) -> None:
        self.times = 0

    def __bool__(self) -> bool:
        self.times += 1
        return True


RUN = '{% load texts %}<p>{% sentence "chat.online" %}</p>{% sentence "chat.ended_title" bare %} {{ word }}'
VOICES = '{% load texts %}<p>{% sentence "chat.online" %} {% sentence "chat.agent_label" %}</p>'


@pytest.fixture
def engine():
    pages = ("django.template.loaders.locmem.Loader", {"run": RUN, "voices": VOICES})
    return Engine(
        loaders=[("pnav.pages.build.loader.Loader", [pages])],
        libraries={"texts": "common.texts.templatetags.texts"},
    )


def test_sentences_in_a_run_are_drawn_once_until_one_is_changed(engine, monkeypatch):
    page = engine.get_template("run")
    asked = Asked()
    first = page.render(Context({"familiar": asked, "word": "a"}))
    assert "Connexion rétablie.</p>" in first and first.endswith(" a") and asked.times == 0, "it has one voice"
    with monkeypatch.context() as patch:
        patch.setattr(SentenceNode, "render", None)
        assert page.render(Context({"word": "b"})).endswith(" b")
    text_cache.set_changed({"chat.online": Changed.named(vous="De retour <b>.")})
    assert "De retour &lt;b&gt;." in page.render(Context())
    with text_cache.previewing({"chat.online": Changed.named(vous="Essai")}):
        assert "<p>Essai</p>" in page.render(Context())
    assert "Essai" not in page.render(Context())


def test_run_is_kept_for_each_voice_and_language(engine):
    page = engine.get_template("voices")
    assert "Vous parlez" in page.render(Context()) and "Tu parles" in page.render(Context({"familiar": True}))
    assert "Vous parlez" in page.render(Context())
    with translation.override("en"):
        assert "Connexion" not in engine.get_template("voices").render(Context())
    assert "Connexion" in engine.get_template("voices").render(Context())


# --- read -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_saying_costs_no_query(django_assert_num_queries):
    text_cache.let_time_pass(3600)
    with django_assert_num_queries(0):
        assert thread_texts.ARRIVED.say(name="Camille")
        assert drawn('{% sentence "chat.no_emergency_line" %}')


@pytest.mark.django_db
def test_other_processes_see_a_change_when_theirs_is_old(django_assert_num_queries):
    changed("chat.online", vous="De retour.")
    HelpNumber.objects.filter(name="numero_police").update(number="17 00")
    with django_assert_num_queries(0):
        text_cache.refresh()
    assert thread_texts.ONLINE.say() == "Connexion rétablie.", "young: nothing is read"
    text_cache.let_time_pass(text_cache.KEEP_SECONDS - 1)
    text_cache.refresh()
    assert thread_texts.ONLINE.say() == "Connexion rétablie."
    text_cache.let_time_pass(1)
    with django_assert_num_queries(2):
        text_cache.refresh()
    assert thread_texts.ONLINE.say() == "De retour."
    assert "17 00" in CATALOGUE["chat.no_emergency_line"].html()


def test_age_and_one_round_stay_within_the_promise():
    from chat.management.commands.run_worker import TICK_SECONDS
    from chat.realtime.broadcaster import ROUND_SECONDS

    assert text_cache.KEEP_SECONDS + 2 * max(ROUND_SECONDS, TICK_SECONDS) < 30


@pytest.mark.django_db
def test_first_page_reads_once(django_assert_num_queries, monkeypatch):
    changed("chat.online", vous="De retour.")
    monkeypatch.setattr(text_cache, "_is_begun", False)
    text_cache.let_time_pass(3600)
    with django_assert_num_queries(2):
        text_cache.read_first()
        text_cache.let_time_pass(3600)
        text_cache.read_first()
    assert thread_texts.ONLINE.say() == "De retour."


def test_what_was_read_stays_while_the_database_is_away(monkeypatch, caplog):
    def away() -> None:
        raise DatabaseError("secret")

    text_cache.set_changed({"chat.online": Changed.named(vous="De retour.")})
    monkeypatch.setattr("common.texts.cache.texts_source", away)
    text_cache.let_time_pass(3600)
    with pytest.raises(DatabaseError):
        text_cache.refresh()
    text_cache.read_again()
    assert thread_texts.ONLINE.say() == "De retour." and text_cache.is_due()
    assert "DatabaseError" in caplog.text and "secret" not in caplog.text


@pytest.mark.django_db
def test_text_that_is_no_longer_sound_is_not_said(caplog):
    """A version of the code may take a variable away, or a sentence."""
    changed("chat.arrived", vous="{prenom} est là.")
    changed("chat.gone", vous="Rien.")
    changed("chat.online", vous="De retour.")
    text_cache.read_again()
    assert thread_texts.ARRIVED.say(name="Camille").startswith("Camille est là")
    assert thread_texts.ONLINE.say() == "De retour."
    assert "chat.arrived" in caplog.text and "prenom" not in caplog.text


@pytest.mark.django_db
def test_first_numbers_have_their_names():
    named = dict(HelpNumber.objects.exclude(name=None).values_list("name", "number"))
    from common.texts.help_numbers import NAMED

    assert named == {name: one.otherwise.display for name, one in NAMED.items()}
