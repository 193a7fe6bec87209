import re
import uuid
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.admin.sites import AdminSite, site
from django.test import Client, RequestFactory
from django.utils import timezone

from chat.models import Unit
from pnav.accounts.models import PendingChange, Role, User
from pnav.pages.actions import give_feedback
from pnav.pages.admin import FeedbackAdmin, HelpNumberAdmin, ReviewFilter, verify_today
from pnav.pages.models import ContentBlock, Feedback, HelpNumber, RemovalPlatform, beginning_of_today
from reports.models import AccessRecord, RetentionRule
from tests.access.people import signed_in
from tests.accounts.cast import give_session, make_user, sign_in
from tests.accounts.conftest import _limits_of_this_test_alone  # noqa: F401  fixtures of a sign-in
from tests.accounts.test_audited_admin import Fields

pytestmark = pytest.mark.django_db


def filtered(value: str):
    request = RequestFactory().get("/", {"review": value})
    admin = HelpNumberAdmin(HelpNumber, AdminSite())
    return ReviewFilter(request, {"review": [value]}, HelpNumber, admin).queryset(request, HelpNumber.objects.all())


def test_review_filter_doubt():
    with_doubts = {"3919", "3018", "119", "3114", "116 006", "0 800 235 236", "33700"}
    assert {number.number for number in filtered("doubt")} == with_doubts


def test_review_filter_overdue_then_verified(rf, monkeypatch):
    HelpNumber.objects.update(verified_on=timezone.localdate())
    HelpNumber.objects.filter(number="3919").update(verified_on=None)
    assert {number.number for number in filtered("overdue")} == {"3919"}
    admin = HelpNumberAdmin(HelpNumber, AdminSite())
    said = []
    monkeypatch.setattr(admin, "message_user", lambda *arguments: said.append(str(arguments[-1])))
    verify_today(admin, rf.get("/"), filtered("overdue"))
    assert said == ["1 vérifié(s) aujourd'hui."]
    assert not filtered("overdue").exists()


def test_empty_date_of_verification_says_beside_it_what_the_pages_then_do(client):
    give_session(client, make_user("chef", Role.ADMINISTRATOR, totp=True))
    for kind, told in (
        ("contentblock", "Vide : la page ne dit plus « Informations mises à jour"),
        ("helpnumber", "Vide : la page des numéros ne dit plus"),
        ("removalplatform", "Vide : la fiche n'est montrée à personne."),
    ):
        assert told in unescape(client.get(f"/admin/pages/{kind}/add/").text), kind


def test_feedback_that_no_key_opens_says_so(caplog):
    feedback = give_feedback(rating="yes", page="home", text="Clair")
    admin = FeedbackAdmin(Feedback, AdminSite())
    assert admin.read_text(feedback) == "Clair"
    feedback.place = uuid.uuid4()
    assert "ne peut pas être lu" in admin.read_text(feedback)
    assert f"opinion cannot be opened {feedback.pk}" in caplog.text


def test_feedback_is_shown_with_its_day_alone():
    shown = FeedbackAdmin(Feedback, AdminSite())
    given = Feedback(rating="yes", page="home", created_at=datetime(2027, 2, 28, 23, tzinfo=UTC))
    assert shown.day(given) == "1er mars 2027"
    assert str(given) == "Avis du 1er mars 2027"
    assert "created_at" not in (*shown.list_display, *shown.fields), "an hour that means nothing"


def test_opinion_is_shown_from_the_next_day_on_in_no_order(client, chief):
    """Shown at once and above the others, it said which exchange had just ended."""
    given = [give_feedback(rating="yes", page="home", text=f"Avis {number}.") for number in range(9)]
    where = "/admin/pages/feedback/"
    page = client.get(where)
    assert page.context["cl"].result_count == 0 and "montré le lendemain" in page.text and "Aujourd" not in page.text
    own = f"{where}{given[0].pk}/change/"
    assert client.get(own).status_code == 302, "nor by its address"
    Feedback.objects.update(created_at=beginning_of_today() - timedelta(days=1))
    shown = list(client.get(where).context["cl"].result_list)
    assert shown == sorted(given, key=lambda one: one.place) and client.get(own).status_code == 200
    assert [one.pk for one in given] != sorted(one.pk for one in given), "a count would tell the order"


def test_feedback_is_read_only():
    admin = FeedbackAdmin(Feedback, AdminSite())
    request = RequestFactory().get("/")
    assert not admin.has_add_permission(request) and not admin.has_change_permission(request)


@pytest.mark.parametrize("model", [HelpNumber, ContentBlock, Feedback])
def test_admin_pages_draw(rf, model):
    give_feedback(rating="yes", page="home", text="Clair")
    Feedback.objects.update(created_at=beginning_of_today() - timedelta(days=1))
    request = rf.get("/")
    request.user = User.objects.create_superuser("a", password="x")
    request.session = {}
    admin = site.get_model_admin(model)
    listing = admin.changelist_view(request).render().content.decode()
    assert 'id="result_list"' in listing
    if model is not Feedback:
        assert "column-verified_on" in listing
    change = admin.change_view(request, str(model.objects.first().pk))
    page = change.render().content.decode()
    assert change.status_code == 200
    assert ("Vérification" in page) == (model is not Feedback)


# --- previews and history -------------------------------------------------------------------------------------------


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


def sent(client, url: str, **changes):
    """Return what a browser sends of this form, with these changes."""
    return Fields(client.get(url).content.decode()).largest | {name: [value] for name, value in changes.items()}


def test_action_on_a_growing_list_touches_what_its_page_shows_alone(client, chief):
    """« All » would be the whole table, of which the list has counted a part."""
    for text in ("un", "deux", "trois"):
        give_feedback(rating="yes", page="home", text=text)
    Feedback.objects.update(created_at=beginning_of_today() - timedelta(days=1))
    chosen = Feedback.objects.order_by("-pk")[0].pk
    asked = {"action": "delete_selected", "_selected_action": [chosen], "select_across": "1", "index": "0"}
    assert client.post("/admin/pages/feedback/", asked).context["deletable_objects"] != []
    client.post("/admin/pages/feedback/", asked | {"post": "yes"})
    assert Feedback.objects.count() == 2 and not Feedback.objects.filter(pk=chosen).exists()


@pytest.mark.parametrize(("language", "shown"), [("fr", "Texte essayé"), ("en", "Text tried")])
def test_preview_of_a_section_is_the_page_and_saves_nothing(client, chief, language, shown):
    block = ContentBlock.objects.all()[0]
    url = f"/admin/pages/contentblock/{block.pk}/change/"
    form = sent(client, url, body="**Texte essayé**", body_en="**Text tried**", _preview=language)
    page = client.post(url, form).content.decode()
    assert f"<strong>{shown}</strong>" in page and f'href="#{block.slug}"' in page and f'lang="{language}"' in page
    assert page.count(f'<h2 id="{block.slug}"') == 1, "in place of the one that is kept"
    block.refresh_from_db()
    assert "essayé" not in block.body and not AccessRecord.objects.exists() and not LogEntry.objects.exists()


def test_list_without_a_row_counts_zero_in_the_singular(client, chief):
    page = client.get("/admin/accounts/user/?q=zzzz").text
    assert re.search(r"\b0\s+résultat\s", page) and re.search(r"\b0\s+compte\s", page)


def test_preview_of_a_new_section_and_of_a_number(client, chief):
    fields = {"page": "home", "slug": "nouveau", "order": "1", "title": "Tout neuf", "body": "Un essai."}
    page = client.post("/admin/pages/contentblock/add/", fields | {"_preview": "fr"}).content.decode()
    assert '<h2 id="nouveau"' in page and not ContentBlock.objects.filter(slug="nouveau").exists()
    number = HelpNumber.objects.all()[0]
    url = f"/admin/pages/helpnumber/{number.pk}/change/"
    page = client.post(url, sent(client, url, label="Nom essayé", _preview="fr")).content.decode()
    assert "Nom essayé" in page
    number.refresh_from_db()
    assert number.label != "Nom essayé"


@pytest.mark.parametrize("page", ["law", "minors"])
def test_preview_of_a_section_is_of_its_own_page(client, chief, page):
    block, other = ContentBlock.objects.filter(page=page)[:2]
    url = f"/admin/pages/contentblock/{block.pk}/change/"
    shown = client.post(url, sent(client, url, title="Titre essayé", _preview="fr")).content.decode()
    assert "Titre essayé" in shown and f'href="#{block.slug}"' in shown and f'<h2 id="{other.slug}"' in shown


def test_preview_of_a_form_with_errors_is_the_form(client, chief):
    block = ContentBlock.objects.all()[0]
    url = f"/admin/pages/contentblock/{block.pk}/change/"
    answer = client.post(url, sent(client, url, title="", _preview="fr"))
    assert answer.context["errors"] and not LogEntry.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.CUSTODIAN])
def test_preview_is_for_administrators(client, role):
    make_user("autre", role, totp=True)
    sign_in(client, "autre")
    url = f"/admin/pages/contentblock/{ContentBlock.objects.all()[0].pk}/change/"
    assert client.post(url, {"_preview": "fr"}).status_code in {302, 403}


@pytest.mark.parametrize(
    ("make_row", "changes", "label"),
    [
        (lambda: ContentBlock.objects.all()[0], {"title": "Autre"}, "Titre"),
        (lambda: HelpNumber.objects.all()[0], {"label": "Autre"}, "Nom"),
        (
            lambda: RetentionRule.objects.get_or_create(
                kind="exchange", defaults={"days": 335, "grace_days": 30, "digest_days": 30}
            )[0],
            {"days": "300"},
            "",
        ),
        (lambda: Unit.objects.create(name="Brigade", force="police"), {"name": "Autre"}, "Nom"),
    ],
    ids=["section", "number", "rule", "unit"],
)
def test_history_says_who_when_and_what(client, chief, make_row, changes, label):
    """It is said on the page « Historique » of each, and in the register."""
    row = make_row()
    base = f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}"
    assert client.post(f"{base}/change/", sent(client, f"{base}/change/", **changes)).status_code == 302
    (entry,) = client.get(f"{base}/history/").context["action_list"]
    assert entry.user == chief and label.casefold() in entry.get_change_message().casefold()
    assert AccessRecord.objects.filter(account_id=chief.pk, subject=f"{row._meta.label} {row.pk}").exists()


# --- a number in the texts of others ----------------------------------------------------------------------------------


def test_who_changes_a_number_is_told_which_texts_say_it(client, chief):
    """They go on saying « 9h à 23h », with a link to call."""
    number = HelpNumber.objects.get(number="3018")
    url = f"/admin/pages/helpnumber/{number.pk}/change/"
    said = client.post(url, sent(client, url, label="Un autre nom"), follow=True).text
    assert "À relire" not in said
    said = client.post(url, sent(client, url, hours="7j/7, de 10h à 20h"), follow=True).text
    assert "À relire" not in said, "it waits for a second person, who is told"
    colleague = Client()
    colleague.cookies[settings.SESSION_COOKIE_NAME] = signed_in(make_user("cheffe", Role.ADMINISTRATOR))
    where = f"/admin/accounts/pendingchange/{PendingChange.objects.get().pk}/decider/"
    said = unescape(colleague.post(where, {"decision": "accept", "motive": "oui"}, follow=True).text)
    assert HelpNumber.objects.get(pk=number.pk).hours == "7j/7, de 10h à 20h"
    assert "Des textes nomment le 3018 et ne changent pas avec cette fiche. À relire : " in said
    for slug in ("mineurs-qui", "simple-appeler", "pro-parents"):
        section = ContentBlock.objects.get(slug=slug)
        assert f"<a href='/admin/pages/contentblock/{section.pk}/change/'>Contenu « {section} »</a>" in said
    platform = RemovalPlatform.objects.get(slug="3018")
    assert f"/admin/pages/removalplatform/{platform.pk}/change/" in said
    silent = ContentBlock.objects.exclude(body__contains="3018").exclude(text_rows__text__contains="3018")[0]
    assert f"/contentblock/{silent.pk}/change/" not in said
