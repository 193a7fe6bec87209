"""Makes the monthly proof: what was deleted, under which rule, and the digests that tie it to the register. A text."""

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

REMOVED = re.compile(r"\w+: [0-9]{1,9}(, \w+: [0-9]{1,9})*", re.ASCII)  # as `audit_log.record_removal` writes it


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of one month.

    gone: reports by kind, rule and cause. others: what else the register says was removed, by its name in the code.
    recorded: reports that the register says went; the same number as the tombstones', unless one was touched.
    unreadable: lines of removals that are none of ours: somebody else put them there.
    tombstones: SHA-256 over their lines. last: the register's digest at the end of the month, none when it is empty.
    is_over: whether the month has ended. verdict: what reading the whole register found.
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
        """Return whether the register is whole, and tells as many deletions as there are traces."""
        return self.verdict.is_whole and self.recorded == self.gone.total() and not self.unreadable

    def text(self, now: datetime) -> str:
        """Write the proof in French, for a file. `now`: when it was made."""
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
    """Return the proof of one month. month: its first day; its bounds are those of Paris."""
    start, end = (timezone.make_aware(datetime.combine(day, time())) for day in (month, next_month(month)))
    stones = list(Tombstone.objects.filter(month=month))
    told = AccessRecord.objects.filter(at__lt=end).order_by("-number")
    removed: Counter[str] = Counter()
    unreadable = 0
    for detail in told.filter(at__gte=start, kind=AccessKind.RETENTION).values_list("detail", flat=True):
        if not REMOVED.fullmatch(detail):  # whoever may insert may end the register with a false line
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
