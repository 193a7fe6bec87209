"""The command `retention` deletes by the retention rules, shows what is due, and prints the monthly proof.

After a restore it repeats deletions.
"""

import json
import logging
import sys
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from common.choices import label_of
from reports.retention import deletion, proof, tombstones
from reports.rules.retention import Cause, Item, Kind, State

logger = logging.getLogger(__name__)
STATES = {
    State.ENDING: "bientôt",
    State.GRACE: "délai de grâce",
    State.FROZEN: "gelé",
    State.DUE: "à supprimer",
}


class Command(BaseCommand):
    """Deletes what is due when it has no option, as the worker does every hour. It may run at any time, and again."""

    help = "Applique les règles de conservation : suppression, plan, preuve mensuelle, reprise après restauration."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--plan", action="store_true", help="dire ce qui partirait, pourquoi et quand, sans rien faire"
        )
        what.add_argument("--proof", metavar="AAAA-MM", help="ce qui est parti ce mois-là, à classer")
        what.add_argument(
            "--erased", action="store_true", help="les empreintes des effacements, à garder hors de la base"
        )
        what.add_argument(
            "--replay", metavar="FICHIER", help="après une restauration : effacer de nouveau (« - » : entrée)"
        )
        parser.add_argument("--json", action="store_true", help="le plan en JSON")
        parser.add_argument(
            "--to", type=Path, metavar="FICHIER", help="avec --erased : où garder les empreintes, d'un jour à l'autre"
        )
        parser.add_argument(
            "--uncounted", action="store_true", help="avec --replay : une liste d'une version qui ne comptait pas"
        )

    def handle(self, *args: Any, verbosity: int = 1, **options: Any) -> None:
        now = deletion.moment()
        if options["json"] and not options["plan"]:
            raise CommandError("--json va avec --plan.")
        if options["to"] and not options["erased"]:
            raise CommandError("--to va avec --erased.")
        if options["uncounted"] and not options["replay"]:
            raise CommandError("--uncounted va avec --replay.")
        if options["plan"]:
            self._plan(now, as_json=options["json"])
        elif options["proof"]:
            self._prove(options["proof"], now)
        elif options["erased"]:
            self._tell_erased(options["to"], now)
        elif options["replay"]:
            self._replay(options["replay"], now, counted=not options["uncounted"])
        else:
            self._forget(now)
            if verbosity:
                self.stdout.write("Conservation : fait. Les nombres sont dans le registre.")

    def _forget(self, now: datetime) -> None:
        """Let each module of `settings.KEEPERS` delete what is due, even after one failed; then raise CommandError."""
        failed = []
        for keeper in _keepers():
            try:
                keeper.forget(now)
            except Exception as error:  # noqa: BLE001  the other modules go on, and the failure is reported
                # Only its class is logged, because its message may contain what somebody typed.
                logger.error("retention: %s failed (%s)", keeper.__name__, type(error).__name__)
                failed.append(keeper.__name__)
        if failed:
            raise CommandError(f"Conservation incomplète, voir le journal : {', '.join(failed)}.")

    def _plan(self, now: datetime, *, as_json: bool) -> None:
        items: list[Item] = [item for keeper in _keepers() for item in keeper.plan(now)]
        if as_json:
            self.stdout.write(json.dumps([_told(item) for item in items], indent=1))
            return
        self.stdout.write(f"Au {timezone.localtime(now):%d/%m/%Y %H:%M}, d'après les règles en vigueur :")
        if not items:
            self.stdout.write("Rien n'est à supprimer, rien ne le sera bientôt.")
        for item in items:
            parts = (
                f"{STATES[item.state]:<15}",
                f"{timezone.localtime(item.due_at):%d/%m/%Y}",
                f"{item.count:>6}",
                f"{label_of(Kind, item.kind)} ({item.rule} j ; {label_of(Cause, item.cause)})",
                item.subject,
            )
            self.stdout.write("  ".join(parts).rstrip())
        due = sum(item.count for item in items if item.state is State.DUE)
        self.stdout.write(f"{due} à supprimer maintenant, {sum(item.count for item in items) - due} annoncé(s).")

    def _prove(self, told: str, now: datetime) -> None:
        try:
            month = date.fromisoformat(f"{told}-01")
        except ValueError as error:
            raise CommandError("Le mois s'écrit AAAA-MM.") from error
        read = proof.read(month, now)
        self.stdout.write(read.text(now))
        if not read.is_sound:
            raise CommandError("Les traces et le registre ne se confirment pas : prévenir le délégué à la protection.")

    def _tell_erased(self, path: Path | None, now: datetime) -> None:
        if path is None:
            self.stdout.write(tombstones.list_text(tombstones.read_marks()), ending="")
            return
        since = timezone.localdate(now - timedelta(days=deletion.rule_of(Kind.ERASED).total_days))
        try:
            count, lacking = tombstones.keep_list(path, since=since)
        except OSError as error:
            raise CommandError(f"--to : ce fichier n'est pas écrit ({type(error).__name__}).") from None
        except ValueError:
            raise CommandError("--to : ce fichier n'est pas une liste entière. Il reste tel quel.") from None
        self.stdout.write(f"{count} empreinte(s) gardée(s), dont {lacking} que cette base n'a pas.")

    def _replay(self, name: str, now: datetime, *, counted: bool) -> None:
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text()
        except OSError as error:
            raise CommandError(f"Cette liste ne peut pas être lue ({type(error).__name__}).") from None
        try:
            marks = tombstones.parse_list(text.splitlines(), counted=counted)
        except ValueError as error:
            raise CommandError(
                "Ce n'est pas une liste entière de « retention --erased » : sa dernière ligne dit combien il y en a. "
                "Pour une liste d'une version qui ne le disait pas : --uncounted."
            ) from error
        if not marks:
            raise CommandError("Cette liste est vide : cherchez celle d'avant, si un effacement a été accordé depuis.")
        tombstones.keep_marks(marks)  # the list of the next day is to have those too that are frozen or not here
        # This is the module of exchanges, through which their reports are deleted too.
        gone, frozen = import_module(settings.KEEPERS[0]).forget_again(marks, now=now)
        self.stdout.write(
            f"{gone} signalement(s) effacé(s) de nouveau, {frozen} gelé(s), sur {len(marks)} empreinte(s)."
        )


def _keepers() -> list[Any]:
    return [import_module(name) for name in settings.KEEPERS]


def _told(item: Item) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "count": item.count,
        "state": item.state,
        "cause": item.cause,
        "due_at": item.due_at.isoformat(),
        "rule": str(item.rule),
        "subject": item.subject,
    }
