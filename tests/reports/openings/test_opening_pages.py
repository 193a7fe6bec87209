"""The pages of a disclosure, and the list of all disclosures."""

import csv
import io
import json
import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from common.dates import format_date
from common.offload import background_jobs
from pnav.accounts import reauthentication
from pnav.accounts.models import Role, User
from reports.models import AccessKind, AccessRecord, OpeningRequest, OpeningStep
from reports.openings import actions as opening_actions
from reports.rules.openings import State
from reports.seal.replies import Reply, seal_reply
from tests.chat.console.agents import signed_in
from tests.factories import chat as make
from tests.reports.openings.acts import agreed, answered, ask, delete_report, key_of, shown_for_danger
from tests.reports.test_actions import file
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db


# --- the pages --------------------------------------------------------------------------------------------------


def test_agent_asks_from_the_conversation(browser):
    agent = make.agent()
    conversation = make.sealed(make.assigned(agent))
    client = signed_in(agent.user)
    url = f"/console/echange/{conversation.public_id}/levee/"
    data = {
        "field": "name", "motive": "Menaces", "legal_ground": "Texte", "prosecutor_reference": "P-1",
        "prosecutor_on": "2026-11-20", "recipient": key_of(browser).text,
    }  # fmt: skip
    for missing, said in {
        "field": "une seule chose par demande", "motive": "pourquoi il faut ouvrir",
        "legal_ground": "sur lequel se fonde",
        "prosecutor_reference": "référence de l&#x27;autorisation", "prosecutor_on": "date de l&#x27;autorisation",
    }.items():  # fmt: skip
        response = client.post(url, {name: value for name, value in data.items() if name != missing})
        assert response.status_code == 200 and said in response.text
        assert missing == "motive" or "Menaces" in response.text  # nothing is lost
    assert not OpeningRequest.objects.exists()
    assert "dans l&#x27;avenir" in client.post(url, {**data, "prosecutor_on": "2999-01-01"}).text
    response = client.post(url, data)
    opening = OpeningRequest.objects.get()
    assert response.headers["Location"] == reverse("openings:detail", args=[opening.public_id])
    page = client.get(response.headers["Location"]).text
    assert key_of(browser).fingerprint in page and "Menaces" in page
    assert "P-1, 20 novembre 2026" in squeezed(page)
    assert (
        f"/console/echange/{conversation.public_id}/levee/"
        in client.get(f"/console/echange/{conversation.public_id}/").text
    )


def test_imminent_danger_is_asked_without_an_authorisation():
    agent = make.agent()
    conversation = make.sealed(make.assigned(agent))
    data = {"field": "name", "motive": "Il est devant la porte", "legal_ground": "Texte", "is_urgent": "on"}
    signed_in(agent.user).post(f"/console/echange/{conversation.public_id}/levee/", data)
    assert OpeningRequest.objects.get().is_urgent


def test_another_agent_cannot_ask_nor_see(agent, custodians):
    conversation = make.assigned(make.agent())
    opening = ask(agent)
    stranger = signed_in(make.agent(unit_name="Ailleurs").user)
    assert stranger.get(f"/console/echange/{conversation.public_id}/levee/").status_code == 404
    assert stranger.get(reverse("openings:detail", args=[opening.public_id])).status_code == 404
    assert stranger.post(reverse("openings:show", args=[opening.public_id])).status_code == 404
    assert "Anonymat" not in stranger.get(reverse("openings:index")).text


def test_administrator_sees_the_register_and_no_request(agent):
    opening = ask(agent)
    client = signed_in(User.objects.create_user("chef", role=Role.ADMINISTRATOR))
    assert client.get(reverse("openings:detail", args=[opening.public_id])).status_code == 404
    assert client.get(reverse("openings:index")).status_code == 403
    page = client.get(reverse("openings:register")).text
    assert str(opening.public_id) in page and "Menaces" not in page and "PARQUET" not in page


def test_pages_of_everybody_through_the_whole_way(agent, supervisor, custodians, browser):
    opening = ask(agent, recipient=key_of(browser))
    asker, chief, one, two = map(signed_in, (agent, supervisor, *custodians[:2]))

    def page(client):
        return client.get(reverse("openings:detail", args=[opening.public_id])).text

    def do(client, act, **data):
        response = client.post(reverse(f"openings:{act}", args=[opening.public_id]), data, follow=True)
        assert response.status_code == 200
        return response

    assert "Contresigner" not in page(asker) and "Contresigner" in page(chief)
    assert "Contresigner" not in page(one)
    refused = do(chief, "refuse").text
    assert "indiquez" in refused.lower()  # a reason is asked for
    assert 'role="alert" tabindex="-1" autofocus' in refused and 'href="#id_reason"' in refused
    do(chief, "countersign")
    assert "a changé entre-temps" in do(chief, "countersign").text
    do(one, "agree")
    assert "Donner mon accord" not in page(one) and "Donner mon accord" in page(two)
    do(two, "agree")
    envelope = do(one, "envelope")
    assert envelope.headers["Content-Disposition"].startswith("attachment")
    assert set(json.loads(envelope.content)) >= {"sealed", "recipient", "request"}
    assert "n&#x27;est pas un fichier de réponse" in do(one, "answer", reply="{}").text
    reply = Reply(opening.public_id, seal_reply("", recipient=key_of(browser), request=opening.public_id))
    assert "doit maintenant la confirmer" in do(one, "answer", reply=reply.text).text
    assert "Afficher maintenant" not in page(asker) and reply.fingerprint in page(two)
    assert "une heure pour lire" in do(two, "confirm", fingerprint=reply.fingerprint).text
    assert "Afficher maintenant" in page(asker) and "Afficher maintenant" not in page(chief)
    assert chief.post(reverse("openings:show", args=[opening.public_id])).status_code == 409
    shown = asker.post(reverse("openings:show", args=[opening.public_id]))
    assert shown.json()["sealed"] and shown.headers["Cache-Control"] == "no-store"
    assert asker.post(reverse("openings:show", args=[opening.public_id])).status_code == 409


def test_agreements_are_counted_in_words_that_agree(agent, supervisor, custodians, browser):
    opening = ask(agent, recipient=key_of(browser))
    opening_actions.countersign_request(request_id=opening.pk, by=supervisor)
    where = reverse("openings:detail", args=[opening.public_id])
    assert "Aucun accord sur 2. Vérifiez le document" in squeezed(signed_in(custodians[0]).get(where).text)
    opening_actions.agree_to_request(request_id=opening.pk, by=custodians[0])
    assert "1 accord sur 2. Vérifiez le document" in squeezed(signed_in(custodians[1]).get(where).text)


@pytest.mark.parametrize(("has_key", "step"), [(True, "Déposer la réponse"), (False, "Réponse montrée sur place")])
def test_whoever_took_the_envelope_is_led_to_the_next_step(agent, supervisor, custodians, browser, has_key, step):
    """The page is asked for again, because a download leaves it as it was. A screen reader said nothing of the step."""
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser) if has_key else None)
    client = signed_in(custodians[0])
    where = reverse("openings:detail", args=[opening.public_id])
    [link] = re.findall(r'href="([^"]+)">L.enveloppe est retirée.: dire la suite', client.get(where).text)

    def focused() -> list[str]:
        return re.findall(r"autofocus>([^<]+)</h3>", client.get(link).text)

    assert focused() == ["Ouvrir, hors ligne"], "it was pressed before the envelope was taken"
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    page = squeezed(client.get(link).text)
    assert focused() == [step]
    assert has_key is (">Ou bien la valeur a été montrée" in page) is not (">La valeur a été montrée" in page)
    assert "autofocus" not in client.get(where).text


def test_screens_and_answers_are_the_same_whether_there_is_something_or_not(agent, supervisor, custodians, browser):
    """They are of the same size, and take as many queries, at every step and for everybody."""
    people = {user: signed_in(user) for user in (agent, supervisor, *custodians)}
    seen = []
    for name in ("Anaïs Martin", ""):
        opening = ask(agent, report=file(uuid.uuid4(), name=name), recipient=key_of(browser))
        sizes = []

        def do(user, act, opening=opening, sizes=sizes, **data):
            with CaptureQueriesContext(connection) as queries:
                response = people[user].post(reverse(f"openings:{act}", args=[opening.public_id]), data)
            sizes.append((act, response.status_code, len(queries)))
            for each, client in people.items():
                with CaptureQueriesContext(connection) as queries:
                    page = client.get(reverse("openings:detail", args=[opening.public_id]))
                sizes.append((each.username, page.status_code, len(page.content), len(queries)))
            return response

        do(supervisor, "countersign")
        do(custodians[0], "agree")
        do(custodians[1], "agree")
        envelope = json.loads(do(custodians[0], "envelope").content)
        sizes.append({field: len(str(value)) for field, value in envelope.items() if field != "version"})
        reply = Reply(opening.public_id, seal_reply(name, recipient=key_of(browser), request=opening.public_id))
        do(custodians[1], "answer", reply=reply.text)
        do(custodians[0], "confirm", fingerprint=reply.fingerprint)
        sizes.append(len(do(agent, "show").content))
        seen.append(sizes)
    assert seen[0] == seen[1]
    assert len(seen[0]) == 7 * 6 + 2


def test_pages_ask_for_no_text_once_the_report_is_deleted(agent, supervisor, custodians):
    reviewed, refused = shown_for_danger(agent, supervisor, custodians), ask(agent)
    chief, other = signed_in(supervisor), signed_in(custodians[2])
    asked = {
        "review": (other, reviewed, "conclusion", {}),
        "refuse": (chief, refused, "reason", {"reason": "Anaïs"}),  # typed in a page that was drawn before
    }
    for client, opening, field, _sent in asked.values():
        assert f'name="{field}"' in client.get(reverse("openings:detail", args=[opening.public_id])).text
        delete_report(opening)
    for act, (client, opening, field, sent) in asked.items():
        page = client.get(reverse("openings:detail", args=[opening.public_id])).text
        assert f'name="{field}"' not in page and "est supprimé" in page
        done = client.post(reverse(f"openings:{act}", args=[opening.public_id]), sent, follow=True).text
        assert "est supprimé" in done and "gardé" in done and "Anaïs" not in done
    assert not OpeningStep.objects.filter(sealed_note__isnull=False).exists()
    assert OpeningStep.objects.filter(act__in=["review", "refuse"]).count() == 2


def test_list_says_what_waits_and_what_is_over(agent, supervisor):
    opening = ask(agent)
    client = signed_in(agent)
    assert "en attente depuis" in client.get(reverse("openings:index")).text
    opening_actions.refuse_request(request_id=opening.pk, by=supervisor, reason="Non")
    page = client.get(reverse("openings:index")).text
    assert "finie depuis" in page and "en attente" not in page


def test_register_for_a_spreadsheet_runs_no_formula(custodians, supervisor):
    evil = make.agent().user
    evil.username = "=HYPERLINK(1)"
    evil.save()
    ask(evil)
    response = signed_in(custodians[0]).get(reverse("openings:register_csv"))
    rows = list(csv.reader(io.StringIO(response.text.lstrip("\ufeff")), delimiter=";"))
    assert rows[1][5] == "'=HYPERLINK(1)" and len(rows) == 2
    # Readers of the file have nothing else, so it says in which time zone its hours are.
    assert [head for head in rows[0] if "(UTC)" in head] == ["Demandée le (UTC)", "Depuis le (UTC)", "Examen (UTC)"]
    assert AccessRecord.objects.filter(kind=AccessKind.EXPORT, detail="csv").exists()


@pytest.fixture
def seven(agent, custodians, monkeypatch):
    """Create seven requests, an hour apart, the oldest first; pages of three, documents of five."""
    monkeypatch.setattr("reports.openings.views.PAGE_ROWS", 3)
    monkeypatch.setattr("reports.openings.views.ROWS_AT_MOST", 5)
    made = [ask(agent) for _n in range(7)]
    for number, one in enumerate(made):
        OpeningRequest.objects.filter(pk=one.pk).update(asked_at=timezone.now() - timedelta(hours=7 - number))
    return [str(one.public_id) for one in made], signed_in(custodians[0])


def in_order(text, ids):
    """Return these requests as the rows of a page, or of a table, tell them; not as a link does."""
    found = [one for one in re.findall(r"(?:<td>|^)([0-9a-f-]{36})(?:</td>|;)", text, re.MULTILINE) if one in ids]
    assert len(found) == len(set(found))
    return found


def test_register_is_read_a_page_at_a_time_from_the_newest(seven):
    ids, client = seven
    page = client.get(reverse("openings:register"))
    assert in_order(page.text, ids) == ids[:-4:-1]
    older = client.get(reverse("openings:register"), {"older_than": page.context["older_than"]})
    assert in_order(older.text, ids) == ids[-4:-7:-1] and "Plus anciennes" in older.text
    last = client.get(reverse("openings:register"), {"older_than": older.context["older_than"]})
    assert in_order(last.text, ids) == ids[:1] and "Plus anciennes" not in last.text


def test_documents_of_the_register_are_bounded_and_go_on_where_the_page_is(seven):
    ids, client = seven
    newest = client.get(reverse("openings:register_csv")).text
    assert in_order(newest, ids) == ids[2:], "the oldest first"
    assert "d'autres avant celles-ci" in newest.splitlines()[-1], "whoever keeps the file knows that it is a part"
    assert AccessRecord.objects.filter(kind=AccessKind.EXPORT, detail="csv, a part").exists()
    page = client.get(reverse("openings:register"), {"older_than": ids[4]})
    assert f"?{page.context['part']}" in page.text
    older = client.get(f"{reverse('openings:register_csv')}?{page.context['part']}").text
    assert in_order(older, ids) == ids[:4] and "celles-ci" not in older


def test_register_goes_back_to_a_day(seven):
    ids, client = seven
    OpeningRequest.objects.filter(public_id=ids[0]).update(asked_at=timezone.now() - timedelta(days=40))
    day = timezone.localdate() - timedelta(days=30)
    assert in_order(client.get(reverse("openings:register"), {"until": f"{day:%d/%m/%Y}"}).text, ids) == ids[:1]
    assert in_order(client.get(reverse("openings:register_csv"), {"until": f"{day:%Y-%m-%d}"}).text, ids) == ids[:1]
    wrong = client.get(reverse("openings:register"), {"until": "hier"})
    assert "Cette date n&#x27;est pas lisible" in wrong.text and len(in_order(wrong.text, ids)) == 3
    assert client.get(reverse("openings:register"), {"until": "9999-12-31", "older_than": "x"}).status_code == 200


def test_statements_of_a_page_of_the_register_are_as_many_whatever_there_is(seven):
    _ids, client = seven
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("openings:register"))
    asked = [query["sql"] for query in queries if 'FROM "reports_openingrequest"' in query["sql"]]
    assert any("LIMIT 4" in sql for sql in asked) and all("COUNT(" not in sql for sql in asked)


def test_register_is_read_from_an_index(db):
    with connection.cursor() as cursor:
        for name in ("enable_seqscan", "enable_sort", "enable_bitmapscan"):
            cursor.execute(f"SET LOCAL {name} = off")
    plan = opening_actions.of_all(until=timezone.now()).prefetch_related(None)[:100].explain()
    assert "opening_in_order" in plan and "Sort" not in plan, plan


def test_register_on_paper_is_tagged(custodians, agent, monkeypatch):
    # All other places belong to visitors.
    monkeypatch.setattr(background_jobs, "AT_MOST", background_jobs.KEPT_FOR_STAFF)
    ask(agent)
    response = signed_in(custodians[0]).get(reverse("openings:register_pdf"))
    assert response.content.startswith(b"%PDF-1.7") and b"/StructTreeRoot" in response.content
    assert AccessRecord.objects.filter(kind=AccessKind.EXPORT, detail="pdf").exists()


@pytest.mark.parametrize("url", ["register", "register_csv", "register_pdf"])
def test_register_is_for_control_only(agent, supervisor, url):
    for user in (agent, supervisor):
        assert signed_in(user).get(reverse(f"openings:{url}")).status_code == 403


def test_console_says_how_many_wait(agent, supervisor):
    ask(agent, urgent=True)
    page = squeezed(signed_in(supervisor).get("/console/").text)
    assert re.search(r'data-openings="1".*1&nbsp;urgent<span', page)
    assert OpeningStep.objects.count() == 1


def test_console_says_late_of_what_is_late_and_nothing_of_what_is_not(agent, supervisor):
    request = ask(agent)
    client = signed_in(supervisor)
    page = squeezed(client.get("/console/").text)
    assert re.search(r'data-openings="1".*1<span class="fr-sr-only">à traiter</span></span>', page)
    OpeningRequest.objects.filter(pk=request.pk).update(moved_at=timezone.now() - timedelta(hours=25))
    assert re.search(r'data-openings="1".*1&nbsp;en retard<span', squeezed(client.get("/console/").text))
    # The part that the console's script reads again says it too, and the list says when it ends by itself.
    assert "en retard" in client.get("/console/passages/?partie=offres").text
    term = timezone.localtime(opening_actions.term_of(request))
    assert f"Sans suite, fin le {format_date(term, 'j F Y')}" in client.get(reverse("openings:index")).text


def test_list_shows_what_still_waits_before_what_is_over(agent, supervisor, custodians):
    first = ask(agent)
    opening_actions.countersign_request(request_id=first.pk, by=supervisor)
    later = ask(agent)
    opening_actions.withdraw_request(request_id=later.pk, by=agent)
    page = signed_in(supervisor).get(reverse("openings:index")).text
    assert page.index(str(first.public_id)) < page.index(str(later.public_id))


def test_custodian_signs_in_to_their_own_room(custodians, rf):
    from pnav.accounts.adapters import AccountAdapter

    request = rf.get("/")
    request.user = custodians[0]
    assert AccountAdapter(request).get_login_redirect_url(request) == "/levees/"
    client = signed_in(custodians[0])
    assert client.get("/levees/").status_code == 200
    assert client.get("/console/").status_code == 403


ACTS = ["countersign", "agree", "refuse", "withdraw", "envelope", "answer", "shown_here", "confirm", "show", "review"]


@pytest.mark.parametrize("act", ACTS)
def test_act_asks_again_who_it_is_when_the_last_proof_is_old(agent, supervisor, custodians, browser, act, monkeypatch):
    opening = answered(agent, supervisor, custodians, browser)
    for user in (agent, supervisor, custodians[0]):
        client = signed_in(user)
        monkeypatch.setattr(reauthentication, "SUBMITS_SECONDS", 0)
        response = client.post(reverse(f"openings:{act}", args=[opening.public_id]))
        assert response.status_code == 302 and response.headers["Location"].startswith("/compte/")
        assert response.headers["Location"].endswith(f"?next=%2Flevees%2F{opening.public_id}%2F"), "a page, not the act"
        monkeypatch.undo()
    opening.refresh_from_db()
    assert opening.state == State.ANSWERED


def test_page_that_asks_for_an_opening_asks_again_and_its_form_loses_nothing(monkeypatch):
    agent = make.agent()
    url = f"/console/echange/{make.assigned(agent).public_id}/levee/"
    client = signed_in(agent.user)
    monkeypatch.setattr(reauthentication, "OPENS_SECONDS", 0)
    monkeypatch.setattr(reauthentication, "SUBMITS_SECONDS", 0)
    assert client.get(url).headers["Location"].startswith("/compte/")
    assert "Menaces" in client.post(url, {"motive": "Menaces"}).text, "an hour is left to write"
    monkeypatch.setattr(reauthentication, "LONG_SUBMITS_SECONDS", 0)
    assert client.post(url, {"motive": "Menaces"}).headers["Location"].startswith("/compte/")
    assert not OpeningRequest.objects.exists()
