"""The command `staffing` computes how many agents are needed, from records, from a file, or from assumptions."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from chat.statistics.staffing import check
from chat.statistics.staffing.demand import (
    ASSUMED_PER_YEAR,
    ASSUMED_VARIATION,
    Basis,
    Counted,
    Demand,
    Length,
    Patience,
    assumed_arrivals,
    fit_demand,
)
from chat.statistics.staffing.plan import Hour, Target, plan_week
from chat.statistics.staffing.recorded import BadFile, count_file, count_recorded, read_profile
from common.service_settings import definitions, values

DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
SAID = {Basis.RECORDED: "mesuré", Basis.ASSUMED: "HYPOTHÈSE"}


class Command(BaseCommand):
    """Prints how many agents each hour needs. With --csv or --assume no table is read."""

    help = "Combien d'agents, heure par heure de la semaine (docs/staffing.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--target", type=float, default=95, help="part des personnes prises en charge à temps (%%)")
        parser.add_argument("--minutes", type=float, default=3, help="ce qu'« à temps » veut dire")
        parser.add_argument("--capacity", type=int, default=3, help="échanges tenus à la fois par un agent")
        parser.add_argument("--pauses", type=float, default=0, help="part du service passée en pause, en %%")
        parser.add_argument("--confidence", type=float, default=90, help="prudence des estimations, en %%")
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--csv", metavar="FICHIER", help="colonnes arrivee, reponse, depart, fin (ISO 8601)")
        source.add_argument("--assume", action="store_true", help="ne rien lire : seulement des hypothèses")
        parser.add_argument("--per-year", type=float, help="hypothèse : personnes par an")
        parser.add_argument("--profile", metavar="FICHIER", help="hypothèse : 168 poids, un par ligne, dès lundi 0 h")
        parser.add_argument("--length-minutes", type=float, help="hypothèse : durée moyenne d'un échange")
        parser.add_argument("--patience-minutes", type=float, help="hypothèse : patience moyenne")
        parser.add_argument("--check", action="store_true", help="simuler une année et un raid avec ces effectifs")
        parser.add_argument("--seed", type=int, default=1, help="hasard de la simulation")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            target = Target(
                share=options["target"] / 100,
                within_seconds=60 * options["minutes"],
                capacity=options["capacity"],
                pauses=options["pauses"] / 100,
            )
            counted = _counted(options)
            demand = _assumed(fit_demand(counted, confidence=_confidence(options["confidence"])), options)
            hours = plan_week(demand, target)
        except (BadFile, ValueError, OSError) as error:
            # The message is our own, or the system's about a file that the operator named.
            raise CommandError(str(error)) from error
        told: dict[str, Any] = {
            "target": {
                "share": target.share, "within_seconds": target.within_seconds, "capacity": target.capacity,
                "pauses": target.pauses,
                "is_below_overflow": target.is_below_overflow(values.get(definitions.OVERFLOW)),
            },
            "demand": _told(demand, counted),
            "hours": [_line(hour) for hour in hours],
        }  # fmt: skip
        if options["check"]:
            told["check"] = _check(demand, hours, target, options["seed"])
        if options["json"]:
            self.stdout.write(json.dumps(told, indent=1))
            return
        self._write(told, demand, counted, hours)

    def _write(self, told: dict[str, Any], demand: Demand, counted: Counted, hours: tuple[Hour, ...]) -> None:
        write = self.stdout.write
        if demand.is_assumed:
            write("TROP PEU DE DONNÉES, ou des hypothèses demandées : ne décidez pas d'un service sur ces chiffres.")
        write(f"Semaines entières lues : {counted.weeks}, personnes : {counted.people}.")
        write(f"Arrivées ({SAID[demand.arrivals.basis]}) : {demand.arrivals.per_week:.1f} par semaine.")
        giving_up = demand.patience.giving_up
        minutes = f"{60 / giving_up:.1f} min" if giving_up else "personne ne renonce"
        write(f"Patience ({SAID[demand.patience.basis]}) : {minutes}.")
        length = demand.length
        write(
            f"Durée ({SAID[length.basis]}) : {60 * length.mean:.1f} min, étalement {length.variation:.2f} "
            "(1 : comme une loi exponentielle)."
        )
        target = told["target"]
        write(
            f"Agents en service (pauses : {100 * target['pauses']:.0f} %) pour que {100 * target['share']:.1f} % "
            f"soient prises en charge en moins de {target['within_seconds'] / 60:g} min :"
        )
        if target["is_below_overflow"]:
            write("ATTENTION : plus court que l'attente d'un agent de sa zone ; ces chiffres sont trop bas.")
        write("  h  " + "".join(f"{day[:3]:>5}" for day in DAYS))
        for of_day in range(24):
            write(f"{of_day:>3}  " + "".join(f"{hours[24 * day + of_day].scheduled:>5}" for day in range(7)))
        write(f"Heures de service par semaine : {sum(hour.scheduled for hour in hours)}.")
        if "check" in told:
            year, raid = told["check"]["year"], told["check"]["raid"]
            write(
                f"Une année simulée ({year['people']} personnes, {year['seconds']:.1f} s) : "
                f"{100 * year['simulated']:.1f} % à temps, {100 * year['model']:.1f} % d'après le modèle ; "
                f"écart d'une heure du jour : {100 * year['widest']:.1f} points au plus."
            )
            write(
                f"Un raid de {raid['people']} en dix minutes ({raid['seconds']:.1f} s) : "
                f"file de {raid['longest_queue']}, {raid['answered']} prises en charge, "
                f"médiane {raid['median_wait'] / 60:.0f} min, fini au bout de {raid['over_after_hours']:.1f} h."
            )


def _confidence(percent: float) -> float:
    if not 50 <= percent < 100:
        raise ValueError("La prudence va de 50 à moins de 100 %.")
    return percent / 100


def _counted(options: dict[str, Any]) -> Counted:
    if options["assume"]:
        return Counted(weeks=0, came={})
    if options["csv"]:
        lines = Path(options["csv"]).read_text(encoding="utf-8-sig").splitlines()
        return count_file(lines, ZoneInfo(settings.TIME_ZONE))
    return count_recorded(timezone.now())


def _assumed(demand: Demand, options: dict[str, Any]) -> Demand:
    """Replace measured and default values by those of the options."""
    per_year, profile = options["per_year"], options["profile"]
    length, patience = options["length_minutes"], options["patience_minutes"]
    if any(value is not None and not 0 < value < 1e7 for value in (per_year, length, patience)):
        raise ValueError("Une hypothèse est un nombre positif.")
    if per_year or profile:
        weights = read_profile(Path(profile).read_text().splitlines()) if profile else None
        demand = replace(demand, arrivals=assumed_arrivals(per_year or ASSUMED_PER_YEAR, weights))
    if length:
        demand = replace(demand, length=Length(Basis.ASSUMED, length / 60, ASSUMED_VARIATION, length / 60))
    if patience:
        demand = replace(demand, patience=Patience(Basis.ASSUMED, 60 / patience, 60 / patience, 60 / patience))
    return demand


def _told(demand: Demand, counted: Counted) -> dict[str, Any]:
    arrivals, patience, length = demand.arrivals, demand.patience, demand.length
    return {
        "weeks": counted.weeks,
        "people": counted.people,
        "arrivals": {"basis": arrivals.basis, "per_week": arrivals.per_week, "dispersion": arrivals.dispersion},
        "patience": {
            "basis": patience.basis, "per_hour": patience.giving_up, "low": patience.low, "high": patience.high,
        },
        "length": {
            "basis": length.basis, "mean_minutes": 60 * length.mean, "cautious_minutes": 60 * length.cautious,
            "variation": length.variation,
        },
    }  # fmt: skip


def _line(hour: Hour) -> dict[str, Any]:
    return {
        "day": DAYS[hour.day], "hour": hour.of_day, "arrivals": hour.arrivals, "load": hour.load,
        "cautious_load": hour.busy, "places": hour.places, "agents": hour.agents, "likely": hour.likely,
        "on_duty": hour.scheduled, "answered": hour.answered, "gives_up": hour.gives_up,
    }  # fmt: skip


def _check(demand: Demand, hours: tuple[Hour, ...], target: Target, seed: int) -> dict[str, Any]:
    overflow = values.get(definitions.OVERFLOW)
    began = time.perf_counter()
    year = check.live_a_year(demand, hours, target, overflow_seconds=overflow, seed=seed)
    between = time.perf_counter()
    raid = check.live_a_raid(demand, hours, target, overflow_seconds=overflow, seed=seed)
    return {
        "year": {
            "people": len(year.run.people), "model": year.model, "simulated": year.simulated, "widest": year.widest,
            "seconds": between - began,
        },
        "raid": {
            "people": raid.people, "answered": raid.answered, "longest_queue": raid.longest_queue,
            "median_wait": raid.median_wait, "over_after_hours": raid.over_after_hours,
            "seconds": time.perf_counter() - between,
        },
    }  # fmt: skip
