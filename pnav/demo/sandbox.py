"""Plays fictitious people who come to the site of `make run`, write to its agents, and leave (`make sandbox`).

It serves to train agents, to show the console in use, and for the pictures of the guides. The people follow scripts,
and use the same pages and WebSocket as anybody. Nothing here reads or writes the database, except `--past`, which
writes exchanges of the past (`pnav.demo.past`). It works only with a demonstration (DEMO or TESTING) on this machine.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pnav.demo import environment
from pnav.demo.code import DEMO

if TYPE_CHECKING:
    from pnav.demo.reporter import Reporter

MOST_MINUTES = 240
BETWEEN_SECONDS = 8.0  # the time from one arrival to the next, and between two people of an exercise
GOODBYE_SECONDS = 15.0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _guessed(name: str, text: str) -> None:
    _say(f"  devine   {name} : {text}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make sandbox", description="Des personnes fictives écrivent aux agents de la démonstration."
    )
    parser.add_argument("--only", default="", help="des rôles, séparés par des virgules (--list les montre)")
    parser.add_argument("--exercise", action="store_true", help="une personne après l'autre, puis un bilan")
    parser.add_argument("--speed", type=float, default=1.0, help="2 : deux fois plus vite (0.2 à 50)")
    parser.add_argument("--seed", type=int, default=0, help="le même nombre donne les mêmes délais")
    parser.add_argument("--minutes", type=float, default=60.0, help=f"durée au plus (jusqu'à {MOST_MINUTES})")
    parser.add_argument("--site", default="", help="l'adresse du site (celui de make run)")
    parser.add_argument(
        "--past", choices=("week", "month", "year"), default="", help="remplir l'historique d'une semaine, d'un mois…"
    )
    parser.add_argument("--list", action="store_true", help="montrer les rôles")
    options = parser.parse_args(arguments)
    if not 0.2 <= options.speed <= 50 or not 0 < options.minutes <= MOST_MINUTES:
        parser.error(f"--speed de 0.2 à 50, --minutes jusqu'à {MOST_MINUTES}.")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the scripts. Returns 0 when everybody has left, 1 when somebody could not do what their script says."""
    options = _parse(arguments)
    environment.join()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pnav.settings")
    if "DATABASE_URL" not in os.environ:
        _say("Lancez d'abord : make run")
        return 1
    import django
    from django.conf import settings

    if not (settings.DEMO or settings.TESTING):
        _say("Démonstration et tests seulement : rien n'est fait.")
        return 1
    django.setup()
    if options.past:
        return _fill(options.past, options.seed)
    from pnav.demo import script
    from pnav.demo.visit import VisitError

    try:
        chosen = [script.read(name) for name in (options.only.split(",") if options.only else script.names())]
        if options.list:
            for one in chosen:
                _say(f"  {one.id:<12} {one.title}")
            return 0
        base = options.site or json.loads(DEMO.read_text())["base_url"]
        return asyncio.run(_run(people(chosen, base=base, options=options), options))
    except (script.ScriptError, VisitError) as error:
        _say(str(error))
        return 1
    except FileNotFoundError:
        _say("Lancez d'abord : make run")
        return 1


def _fill(period: str, seed: int) -> int:
    from pnav.demo import past

    try:
        count = past.fill(period, seed=seed)
    except LookupError as error:
        _say(str(error))
        return 1
    _say(f"{count} personnes sur {past.days_of(period)} jours : tableau, historique et effectifs.")
    _say("« Chiffres du service » les compte à partir du prochain make run.")
    return 0


def people(chosen: Sequence, *, base: str, options: argparse.Namespace) -> "list[tuple[float, Reporter]]":
    """Return all people with the seconds after which each comes. In an exercise they come in the scripts' order."""
    from pnav.demo.reporter import Reporter

    if options.exercise:
        chosen = [one for one in chosen if one.people == 1]
    chance = random.Random(options.seed)
    cast = []
    for place, one in enumerate(chosen):
        starts = place * BETWEEN_SECONDS * chance.uniform(0.7, 1.3)
        for number in range(one.people):
            reporter = Reporter(one, base=base, number=number, seed=options.seed, speed=options.speed, tell=_guessed)
            cast.append((starts + number * one.every_seconds, reporter))
    return cast


async def _run(cast: "list[tuple[float, Reporter]]", options: argparse.Namespace) -> int:
    """Play everybody until all have left, the time is over or the program is interrupted; then let the others leave.

    Returns the exit status of `main`.
    """
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    failed: list[str] = []
    reporters = [reporter for _starts, reporter in cast]
    _say(f"{len(reporters)} personne(s), {options.minutes:g} minutes au plus. Ctrl-C : elles prennent congé.")
    try:
        async with asyncio.timeout(options.minutes * 60):
            if options.exercise:
                for reporter in reporters:
                    await _live(reporter, 0, failed)
                    await asyncio.sleep(BETWEEN_SECONDS / options.speed)
            else:
                lives = (_live(reporter, starts / options.speed, failed) for starts, reporter in cast)
                await asyncio.gather(*lives)
    except (TimeoutError, asyncio.CancelledError):
        _say("Fin : les personnes prennent congé.")
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().remove_signal_handler(number)
    await _take_leave(reporters, failed)
    if options.exercise:
        _review(reporters)
    return 1 if failed else 0


async def _live(reporter: "Reporter", starts: float, failed: list[str]) -> None:
    from pnav.demo.reporter import GaveUp
    from pnav.demo.visit import VisitError

    await asyncio.sleep(starts)
    _say(f"  arrive   {reporter.name}")
    try:
        await reporter.live()
    except (GaveUp, VisitError) as error:
        failed.append(reporter.name)
        _say(f"  échoue   {reporter.name} : {error}")
    else:
        _say(f"  part     {reporter.name}")


async def _take_leave(reporters: "list[Reporter]", failed: list[str]) -> None:
    answers = await asyncio.gather(
        *(asyncio.wait_for(reporter.leave(), GOODBYE_SECONDS) for reporter in reporters), return_exceptions=True
    )
    for reporter, answer in zip(reporters, answers, strict=True):
        if isinstance(answer, BaseException):
            failed.append(reporter.name)
            _say(f"  reste    {reporter.name} : {type(answer).__name__}")


def _review(reporters: "list[Reporter]") -> None:
    """Print the review of an exercise: delays, and which expected words the agent wrote. No message is printed."""
    _say("\nBilan")
    for reporter in reporters:
        if reporter.came_at is None:
            continue
        _say(f"\n  {reporter.script.title}")
        if reporter.first_reply_at is None:
            _say("    aucune réponse")
        else:
            waited = max(0, reporter.first_reply_at - reporter.came_at)
            _say(f"    première réponse après {waited:.0f} s, {reporter.replies} message(s) de l'agent")
        for label, was_heard in reporter.mind.review():
            _say(f"    {'fait    ' if was_heard else 'à revoir'}  {label}")


if __name__ == "__main__":
    sys.exit(main())
