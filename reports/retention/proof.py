"""This module makes the monthly proof, a text: what was deleted under which rule, with the digests that tie it to the
register."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils import timezone
from django.utils.formats import date_format

from common import dates
from common.choices import label_of
from reports.audit import log as audit_log
from reports.audit.wording import removed_in_words
from reports.models import AccessKind, AccessRecord, Tombstone
from reports.rules.retention import Cause, Kind, digest_of, next_month

# The form that `audit_log.record_removal` writes.
REMOVED = re.compile(r"\w+: [0-9]{1,9}(, \w+: [0-9]{1,9})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proof:
    """It is the proof of one month.

    gone: deleted reports by kind, rule and cause, from the tombstones. others: other deleted things by their names in
    the code, from the register. recorded: how many deleted reports the register has; it equals the number of tombstones
    unless somebody has changed either. unreadable: how many lines of removals the code cannot have written.
    tombstones: SHA-256 of their lines. last: the register's digest at the end of the month; None when it is empty.
    is_over: whether the month has ended. verdict: the result of verifying the whole register.
    """

    month: date
    gone: Counter[tuple[str, str, str]]
    others: Counter[str]
    recorded: int
    unreadable: int
    tombstones: str
    last: audit_log.Digest | None
    is_over: bool
    verdict: audit_log.Verdict

    @property
    def is_sound(self) -> bool:
        """Return whether the register is whole, and has as many deletions as there are tombstones."""
        return self.verdict.is_whole and self.recorded == self.gone.total() and not self.unreadable

    def text(self, now: datetime) -> str:
        """Return the proof as a text in French. now: when it is made."""
        lines = [
            f"Pnav – preuve mensuelle de suppression, {date_format(self.month, 'F Y')}",
            f"Établie le {dates.format_date(timezone.localtime(now), 'j F Y, H:i')}, heure de Paris.",
        ]
        if not self.is_over:
            lines.append("Le mois n'est pas fini : cette preuve est provisoire.")
        lines += ["", f"Signalements supprimés : {self.gone.total()}"]
        for (kind, rule, cause), count in sorted(self.gone.items()):
            lines.append(f"  {count} – {label_of(Kind, kind)} ; règle {rule} jours ; {label_of(Cause, cause)}")
        lines += ["", "Autres suppressions, d'après le registre :"]
        others = sorted((removed_in_words(name), count) for name, count in self.others.items())
        lines += [f"  {count} – {name}" for name, count in others] or ["  aucune"]
        if self.unreadable:
            lines.append(f"  ILLISIBLES : {self.unreadable} ligne(s) que le service n'écrit pas")
        agrees = "concorde" if self.recorded == self.gone.total() else "NE CONCORDE PAS"
        whole = "entier" if self.verdict.is_whole else f"ROMPU à la ligne {self.verdict.number}"
        lines += [
            "",
            f"Registre : {self.recorded} signalement(s) supprimé(s) ; {agrees} avec les traces. Registre {whole}.",
            f"Empreinte du registre à la fin du mois : {self.last or 'aucune ligne'}",
            f"Empreinte des traces du mois (SHA-256) : {self.tombstones}",
        ]
        return "\n".join(lines)


def read(month: date, now: datetime) -> Proof:
    """Return the proof of one month in the time zone of Paris. month: its first day."""
    start, end = (timezone.make_aware(datetime.combine(day, time())) for day in (month, next_month(month)))
    stones = list(Tombstone.objects.filter(month=month))
    told = AccessRecord.objects.filter(at__lt=end).order_by("-number")
    removed: Counter[str] = Counter()
    unreadable = 0
    for detail in told.filter(at__gte=start, kind=AccessKind.RETENTION).values_list("detail", flat=True):
        if not REMOVED.fullmatch(detail):  # somebody who can insert rows may have added a false line
            unreadable += 1
            continue
        for part in detail.split(", "):
            name, _colon, count = part.partition(": ")
            removed[name] += int(count)
    last = told.first()
    return Proof(
        month=month,
        gone=Counter((stone.kind, stone.rule, stone.cause) for stone in stones),
        recorded=removed.pop("reports", 0),
        unreadable=unreadable,
        others=removed,
        tombstones=digest_of(stone.line for stone in stones),
        last=audit_log.Digest(last.number, last.digest) if last else None,
        is_over=now >= end,
        verdict=audit_log.verify(audit_log.read_lines()),
    )
