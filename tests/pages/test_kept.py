"""What is the same for everybody is drawn once: the sections of the home page, and the numbers on it."""

import gc
import weakref

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.template import Context, Template, TemplateSyntaxError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe

from common.texts import cache as text_cache
from common.texts.catalogue import CATALOGUE
from pnav.pages.admin import verify_today
from pnav.pages.models import ContentBlock
from pnav.pages.templatetags import kept

pytestmark = pytest.mark.django_db


def _queries(client, path: str = "/") -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    return [one["sql"] for one in asked if "pages_contentblock" in one["sql"] or "pages_helpnumber" in one["sql"]]


def test_second_visit_reads_no_section_and_no_number(client):
    first = client.get("/").content
    assert not _queries(client)
    assert b"home-fold" in first
    assert client.get("/").content.count(b"<details") == first.count(b"<details")


def test_each_language_has_its_own(client):
    assert b'lang="fr"' in client.get("/").content
    assert b'lang="en"' in client.get("/en/").content
    assert not _queries(client, "/en/")
    assert b'href="/en/' in client.get("/en/").content and b'href="/en/mineurs' not in client.get("/").content


def test_change_shows_once_it_was_read_again(client):
    client.get("/")
    block = ContentBlock.objects.filter(page=ContentBlock.Page.HOME).exclude(slug="mineurs").first()
    ContentBlock.objects.filter(pk=block.pk).update(title="Un titre tout neuf")
    assert "Un titre tout neuf" not in client.get("/").content.decode()
    text_cache.read_again()
    assert "Un titre tout neuf" in client.get("/").content.decode()


def test_checking_a_fact_today_draws_it_anew(client, rf, django_capture_on_commit_callbacks, monkeypatch):
    client.get("/")
    admin = site.get_model_admin(ContentBlock)
    monkeypatch.setattr(admin, "message_user", lambda *_args: None)
    with django_capture_on_commit_callbacks(execute=True):
        verify_today(admin, rf.post("/"), ContentBlock.objects.all())
    assert _queries(client)
    assert str(timezone.localdate().year) in client.get("/").content.decode()


# --- the tag ----------------------------------------------------------------------------------------------------------


def _draw(source: str, **context: object) -> str:
    return Template("{% load kept texts %}" + source).render(Context(context))


def _drawer(source: str):
    template = Template("{% load kept texts %}" + source)
    return lambda **context: template.render(Context(context))


def test_each_reader_is_given_their_own_values_escaped():
    draw = _drawer("{% kept filled name %}<p>{{ name }}</p>{% endkept %}")
    assert [draw(name="Ana"), draw(name="<b>"), draw(name=mark_safe("<b>"))] == [
        "<p>Ana</p>", "<p>&lt;b&gt;</p>", "<p><b></p>"
    ]  # fmt: skip


def test_whether_a_value_is_there_decides_too():
    draw = _drawer("{% kept filled name %}{% if name %}<p>{{ name }}</p>{% else %}personne{% endif %}{% endkept %}")
    assert [draw(name="Ana"), draw(name=""), draw(), draw(name="Bea")] == [
        "<p>Ana</p>",
        "personne",
        "personne",
        "<p>Bea</p>",
    ]


def test_each_combination_is_drawn_once():
    drawn = []
    draw = _drawer("{% kept status shared words filled name %}{{ status }} {{ words.said }} {{ name }}{% endkept %}")
    words = SimpleLazyObject(lambda: {"said": drawn.append(1) or "dit"})
    assert [draw(status=status, words=words, name=name) for status, name in ("ax", "ay", "bz")] == [
        "a dit x", "a dit y", "b dit z"
    ]  # fmt: skip
    fresh = SimpleLazyObject(lambda: pytest.fail("it was drawn already"))
    assert draw(status="a", words=fresh, name="w") == "a dit w"


def test_text_in_two_voices_names_the_voice():
    two = next(key for key, sentence in CATALOGUE.items() if sentence.tu is not None and not sentence.required)
    with pytest.raises(kept.Unnamed, match="familiar"):
        _draw(f'{{% kept %}}{{% sentence "{two}" %}}{{% endkept %}}', familiar=True)
    draw = _drawer(f'{{% kept familiar %}}{{% sentence "{two}" bare %}}{{% endkept %}}')
    assert draw(familiar=True) != draw(familiar=False)


def test_value_that_is_not_named_is_kept_for_nobody(monkeypatch, caplog):
    monkeypatch.setattr(kept, "unnamed", kept._report)
    draw = _drawer("{% kept %}{% if name %}{{ name }}{% endif %}{% endkept %}")
    assert [draw(name="Ana"), draw(name="Bea"), draw()] == ["Ana", "Bea", ""]
    assert "does not name: name" in caplog.text and "Ana" not in caplog.text


def test_what_decides_keeps_no_request():
    class Request:
        pass

    request = Request()
    known = weakref.ref(request)
    draw = _drawer("{% kept familiar %}{% if familiar %}tu{% else %}vous{% endif %}{% endkept %}")
    assert draw(familiar=SimpleLazyObject(lambda request=request: request is not None)) == "tu"
    del request
    gc.collect()
    assert known() is None
    assert draw(familiar=True) == "tu" and draw(familiar=False) == "vous"


def test_values_that_no_list_of_ours_bounds_do_not_decide():
    with pytest.raises(TemplateSyntaxError, match="words, numbers and booleans"):
        _draw("{% kept numbers %}…{% endkept %}", numbers=[1, 2])


def test_preview_is_drawn_and_not_kept():
    draw = _drawer("{% kept shared words %}{{ words }}{% endkept %}")
    assert [draw(words="un", is_preview=True), draw(words="deux"), draw(words="trois")] == ["un", "deux", "deux"]


def test_kept_again_once_sentences_are_read_again():
    draw = _drawer("{% kept shared words %}{{ words }}{% endkept %}")
    assert draw(words="un") == "un"
    text_cache.set_changed({})
    assert draw(words="deux") == "deux"
