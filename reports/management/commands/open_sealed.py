"""The command `open_sealed` decrypts one sealed value, in the presence of enough custodians."""

import contextlib
import select
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.management import passphrases
from reports.seal import custody
from reports.seal.custody import DamagedShare, ShareFile, SharesDoNotMatch, TooFewShares, WrongPassphrase
from reports.seal.envelopes import DamagedEnvelope, Envelope
from reports.seal.replies import Recipient, Reply, seal_reply
from reports.seal.sealing import DoesNotOpen, key_id, unseal_text
from reports.seal.shares import Share

FILE_MAX_BYTES = 16 * 1024  # the most bytes of a file, more than any envelope or share has
SHOWN_SECONDS = 300  # as long as the page shows an answer, so that no name stays on the screen of a machine
CLEAR_SCREEN = "\x1b[H\x1b[2J\x1b[3J"


class Command(BaseCommand):
    """It shows one value once, on the screen only, then clears the screen at Enter or after SHOWN_SECONDS.

    With `--reply` it encrypts the value for the agent who asked instead. It runs on a machine without a network, with
    `--settings=pnav.offline`, and needs no database.
    """

    help = "Ouvre une valeur scellée avec les parts des référents et l'affiche une fois (machine hors ligne)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="l'enveloppe : la valeur scellée et le lieu auquel elle appartient (JSON)")
        parser.add_argument("--shares", nargs="+", required=True, help="les fichiers des parts, autant que le seuil")
        parser.add_argument(
            "--reply", help="fichier à créer : la réponse, scellée pour le poste de l'agent, sans rien afficher"
        )

    def handle(self, *args: Any, file: str, shares: list[str], reply: str | None = None, **options: Any) -> None:
        if not reply and not self.stdout.isatty():
            raise CommandError("La valeur ne s'affiche que sur un écran : elle ne doit rester dans aucun fichier.")
        envelope = _read_envelope(Path(file))
        files = {path: _read_share(path) for path in dict.fromkeys(map(Path, shares))}
        _require_together(files, envelope)
        answer = _way_back(envelope, Path(reply)) if reply else None

        context = envelope.context
        self.stdout.write(
            f"Signalement {context.report}, champ « {context.field} », version {context.version:010d}.\n"
            "Vérifiez que c'est bien ce que l'autorisation permet d'ouvrir. Sinon : Ctrl-C.\n"
        )
        if answer:
            self.stdout.write(
                f"La réponse ne s'ouvrira que sur le poste d'empreinte {answer.recipient.fingerprint}.\n"
                "Appelez l'agent et comparez avec ce qu'il lit : si elle est différente, Ctrl-C.\n"
            )
        first = next(iter(files.values()))
        if len(files) > first.threshold:
            self.stdout.write(f"{first.threshold} parts suffisent : seules les premières serviront.\n")
        opened = [self._open_share(path, share) for path, share in list(files.items())[: first.threshold]]
        try:
            private_key = custody.combine_shares(opened, fingerprint=first.fingerprint)
            text = unseal_text(envelope.sealed, private_key=private_key, context=context)
        except SharesDoNotMatch:
            raise CommandError("Ces parts, réunies, ne redonnent pas la clé dont elles portent l'empreinte.") from None
        except DoesNotOpen:
            raise CommandError(
                "Cette valeur n'a pas été scellée pour ce signalement, ce champ et cette version, "
                "ou elle a été modifiée."
            ) from None
        del private_key, opened  # nothing needs them while people read
        if answer:
            written = answer.write(text)
            self.stdout.write(f"Empreinte de la réponse, à comparer sur la page par chacun de vous : {written}\n")
            self.stdout.write(f"Réponse écrite dans {reply}, à déposer sur la page de la demande {answer.request}.")
            return
        try:
            self.stdout.write(printable(text))
            self.stdout.write("\nEntrée efface l'écran, qui s'efface seul après cinq minutes. ", ending="")
            self.stdout.flush()
            with contextlib.suppress(EOFError, KeyboardInterrupt):
                wait_for_enter(SHOWN_SECONDS)
        finally:
            self.stdout.write(CLEAR_SCREEN, ending="")
            self.stdout.flush()

    def _open_share(self, path: Path, share: ShareFile) -> Share:
        for _try in range(passphrases.TRIES):
            passphrase = passphrases.ask(f"Phrase de passe de la part {share.index} ({path.name}) : ")
            try:
                return custody.open_share(share, passphrase)
            except WrongPassphrase:
                self.stdout.write(f"Cette phrase de passe n'ouvre pas la part {share.index}.")
        raise CommandError(f"La part {share.index} ({path.name}) reste fermée : la phrase de passe n'est pas la bonne.")


def wait_for_enter(seconds: float) -> None:
    """Wait until a line is typed, or until so many seconds have passed."""
    if select.select([sys.stdin], [], [], seconds)[0]:
        sys.stdin.readline()


@dataclass(frozen=True)
class _Answer:
    """It is the file with the answer, which is written instead of showing the value."""

    path: Path
    request: UUID
    recipient: Recipient

    def write(self, text: str) -> str:
        """Encrypt the text for the asker's browser, write the file, and return the fingerprint of the answer."""
        sealed = seal_reply(text, recipient=self.recipient, request=self.request)
        try:
            with self.path.open("x") as file:
                file.write(Reply(self.request, sealed).text)
                return Reply(self.request, sealed).fingerprint
        except OSError:
            raise CommandError(f"Impossible d'écrire {self.path} : rien n'a été gardé.") from None


def _way_back(envelope: Envelope, path: Path) -> _Answer:
    """Return where the answer goes. Raises CommandError, before any passphrase is asked, if it can go nowhere."""
    if envelope.request is None or envelope.recipient is None:
        raise CommandError("Cette enveloppe n'attend pas de réponse : la valeur se montre sur place, à l'écran.")
    if path.exists():
        raise CommandError(f"{path} existe déjà : indiquez un fichier à créer. Rien n'a été ouvert.")
    return _Answer(path, envelope.request, envelope.recipient)


def printable(text: str) -> str:
    """Return a value for a terminal: each line after a bar, and characters that are not printable as their codes.

    The text may contain control sequences for a terminal, or characters that reverse the direction of writing.
    """
    if not text:
        return "│ (rien n'a été donné)"
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(
        "│ " + "".join(c if c.isprintable() or c == "\xa0" else f"\\u{{{ord(c):x}}}" for c in line) for line in lines
    )


def _require_together(files: dict[Path, ShareFile], envelope: Envelope) -> None:
    """Raise CommandError, before any passphrase is asked, unless these shares fit together and to this value."""
    key = key_id(envelope.sealed).hex()
    strangers = [path.name for path, file in files.items() if not file.fingerprint.startswith(key)]
    if strangers:
        raise CommandError(f"Part d'une autre clé que celle qui a scellé cette valeur : {', '.join(strangers)}.")
    try:
        custody.require_together(list(files.values()))
    except TooFewShares:
        needed = next(iter(files.values())).threshold
        raise CommandError(f"Il faut {needed} parts, et il n'y en a que {len(files)}.") from None
    except SharesDoNotMatch:
        raise CommandError(
            "Ces parts ne vont pas ensemble : une part est là deux fois, ou d'un autre partage."
        ) from None


def _read_envelope(path: Path) -> Envelope:
    try:
        return Envelope.parse(_read(path))
    except DamagedEnvelope:
        raise CommandError(f"Fichier abîmé, ou qui n'est pas une enveloppe : {path.name}.") from None


def _read_share(path: Path) -> ShareFile:
    try:
        return ShareFile.parse(_read(path))
    except DamagedShare:
        raise CommandError(f"Fichier abîmé, ou qui n'est pas une part de clé : {path.name}.") from None


def _read(path: Path) -> str:
    """Read a small text file. Bytes that are not UTF-8 are replaced, so that the parser judges what may have them."""
    try:
        with path.open("rb") as file:
            content = file.read(FILE_MAX_BYTES + 1)
    except OSError:
        raise CommandError(f"Impossible de lire {path} : introuvable, ou les droits manquent.") from None
    if len(content) > FILE_MAX_BYTES:
        raise CommandError(f"Fichier trop grand pour une enveloppe ou une part : {path.name}.")
    return content.decode(errors="replace")
