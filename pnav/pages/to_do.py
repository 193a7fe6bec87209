"""Shows on the administration's first page what there is to do, and the state of the service (docs/adr/0077).

Each count stops at MOST, whatever the tables hold, and is beside the list that shows what it counts. It makes some
sixteen queries in all, for administrators alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.conversations import web_heartbeat
from chat.models import Agent, Conversation, WebHeartbeat
from common import dates
from locations.models import Partner, ReceptionPoint, Source
from pnav.accounts.approvals import actions as approval_actions
from pnav.accounts.models import User
from pnav.accounts.second_factor import FACTORS
from pnav.pages import to_translate
from pnav.pages.models import ContentBlock, HelpNumber, RemovalPlatform, overdue_filter
from reports import closures
from reports.models import CaptureContact
from reports.openings import actions as opening_actions

MOST = 100  # rows counted for one line; above it the page says « plus de 100 »


@dataclass(frozen=True, slots=True)
class Line:
    """It is one line of the page. url: the list that it is about. is_due: whether somebody has to act."""

    words: str
    url: str = ""
    is_due: bool = False


def read(now: datetime) -> dict[str, list[Line]]:
    """Return the tasks, without those that have nothing to do, and the state of the service."""
    return {"tasks": [line for task in TASKS if (line := task(now)) is not None], "state": _state(now)}


def _count(rows: QuerySet[Any]) -> int:
    return rows[: MOST + 1].count()


def _number(count: int) -> str:
    return _("plus de %(most)d") % {"most": MOST} if count > MOST else str(count)


def _line(count: int, one: str, many: str, url: str) -> Line | None:
    """Return a line such as « 3 textes à vérifier »; None for 0. one, many: texts with `%(n)s`, translated already."""
    if not count:
        return None
    return Line((one if count == 1 else many) % {"n": _number(count)}, url, is_due=True)


def _list(model: str, query: str = "") -> str:
    return reverse(f"admin:{model}_changelist") + query


# --- the tasks --------------------------------------------------------------------------------------------------------


def _changes(now: datetime) -> Line | None:
    count = _count(approval_actions.pending_changes(now).order_by())
    url = _list("accounts_pendingchange", "?state__exact=pending")
    one = _("%(n)s changement attend l'accord d'une deuxième personne")
    return _line(count, one, _("%(n)s changements attendent l'accord d'une deuxième personne"), url)


def _texts(now: datetime) -> Line | None:
    rows = ContentBlock.objects.filter(overdue_filter(timezone.localdate(now)))
    url = _list("pages_contentblock", "?review=overdue")
    return _line(_count(rows), _("%(n)s contenu à vérifier"), _("%(n)s contenus à vérifier"), url)


def _numbers(now: datetime) -> Line | None:
    rows = HelpNumber.objects.filter(overdue_filter(timezone.localdate(now)))
    url = _list("pages_helpnumber", "?review=overdue")
    return _line(_count(rows), _("%(n)s numéro d'aide à vérifier"), _("%(n)s numéros d'aide à vérifier"), url)


def _platforms(now: datetime) -> Line | None:
    rows = RemovalPlatform.objects.filter(overdue_filter(timezone.localdate(now)))
    url = _list("pages_removalplatform", "?review=overdue")
    one = _("%(n)s plateforme (retrait) à vérifier")
    return _line(_count(rows), one, _("%(n)s plateformes (retrait) à vérifier"), url)


def _translations(_now: datetime) -> Line | None:
    """Count the missing and outdated translations of every kind. The linked page names them, each with its form."""
    url = reverse("admin:pages_contentblock_to_translate")
    missing, outdated = to_translate.count()
    one, many = _("%(n)s texte sans traduction"), _("%(n)s textes sans traduction")
    lacks = _line(min(missing, MOST + 1), one, many, url)
    one = _("%(n)s texte dont la traduction ne suit plus le français")
    many = _("%(n)s textes dont la traduction ne suit plus le français")
    is_old = _line(min(outdated, MOST + 1), one, many, url)
    if lacks is None or is_old is None:
        return lacks or is_old
    return Line(_("%(lacks)s, et %(old)s") % {"lacks": lacks.words, "old": is_old.words}, url, is_due=True)


def _accounts(_now: datetime) -> Line | None:
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    rows = User.objects.filter(~Exists(factors), is_active=True)
    url = _list("accounts_user", "?facteur=sans&is_active__exact=1")
    one = _("%(n)s compte actif sans second facteur")
    return _line(_count(rows), one, _("%(n)s comptes actifs sans second facteur"), url)


def _openings(now: datetime) -> Line | None:
    """Return the openings that wait for somebody, and those that wait too long. The register says whose they are."""
    line = _line(
        opening_actions.count_pending(MOST + 1),
        _("%(n)s levée d'anonymat en cours"),
        _("%(n)s levées d'anonymat en cours"),
        reverse("openings:register"),
    )
    if line is None or not (late := len(opening_actions.late_requests(now))):
        return line
    return Line(_("%(line)s, dont %(late)s en retard") % {"line": line.words, "late": late}, line.url, is_due=True)


def _examples(_now: datetime) -> Line | None:
    """Count the places of the demonstration, which nobody may trust on a real site."""
    count = _count(ReceptionPoint.objects.filter(source=Source.DEMO))
    count += _count(Partner.objects.filter(source=Source.DEMO).exclude(kind=Partner.Kind.NATIONAL))
    url = _list("locations_receptionpoint", f"?source__exact={Source.DEMO}")
    return _line(count, _("%(n)s lieu de démonstration"), _("%(n)s lieux de démonstration"), url)


def _capture_contact(_now: datetime) -> Line | None:
    """Warn when captures are taken and nobody is named to be told of one that may be illegal to hold."""
    if not settings.CAPTURES or CaptureContact.current() is not None:
        return None
    words = _("Captures : la personne à prévenir n'est pas encore nommée")
    return Line(words, reverse("admin:reports_capturecontact_add"), is_due=True)


TASKS: tuple[Callable[[datetime], Line | None], ...] = (
    _changes,
    _texts,
    _numbers,
    _platforms,
    _translations,
    _accounts,
    _openings,
    _capture_contact,
    _examples,
)


# --- the state of the service -----------------------------------------------------------------------------------------


def _state(now: datetime) -> list[Line]:
    closed = closures.current(now)
    url = _list("reports_chatclosure")
    if closed is None:
        chat = Line(_("Le tchat est ouvert."), url)
    elif closed.end:
        chat = Line(_("Le tchat est fermé jusqu'au %(end)s.") % {"end": closed.end}, url, is_due=True)
    else:
        chat = Line(_("Le tchat est fermé, sans date de fin."), url, is_due=True)
    there = _count(Agent.objects.on_duty(now))
    agents = (_("%(n)s agents disponibles") if there > 1 else _("%(n)s agent disponible")) % {"n": _number(there)}
    waiting, apart = _waiting(now)
    people = (_("%(n)s personnes attendent") if waiting > 1 else _("%(n)s personne attend")) % {"n": _number(waiting)}
    if apart:
        away = _("%(n)s absentes à part") if apart > 1 else _("%(n)s absente à part")
        people = f"{people}, {away % {'n': _number(apart)}}"
    return [chat, Line(f"{agents}, {people}.", is_due=bool(waiting and not there)), *_processes(now)]


def _waiting(now: datetime) -> tuple[int, int]:
    """Return how many people wait whose turn may come, and how many others are absent, as the board counts them."""
    everybody = Conversation.objects.waiting().order_by().without_calm_look_alikes(now)
    waiting = everybody.here(now).without_departed()
    return _count(waiting), _count(everybody.exclude(pk__in=waiting.values("pk")))


def _processes(now: datetime) -> list[Line]:
    """Return which web processes beat. The process that answers here beats too, where one process serves everything."""
    names = {web_heartbeat.PAGES: _("des pages"), web_heartbeat.SOCKETS: _("des échanges")}
    found = []
    for row in WebHeartbeat.objects.order_by("role")[: len(names)]:
        what = names.get(row.role, row.role)
        silent = (now - row.seen_at).total_seconds()
        if silent > web_heartbeat.AWAY_SECONDS:
            at = dates.format_date(timezone.localtime(row.seen_at), "j F, H:i")
            words = _("Serveur %(what)s : vu pour la dernière fois le %(at)s.") % {"what": what, "at": at}
            found.append(Line(words, is_due=True))
        else:
            found.append(Line(_("Serveur %(what)s : en marche.") % {"what": what}))
    return found
