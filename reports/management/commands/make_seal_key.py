"""The command `make_seal_key` makes the key of the seal, in the presence of the custodians who will keep it."""

import contextlib
import os
import textwrap
from itertools import batched
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.management import passphrases
from reports.seal import custody
from reports.seal.custody import LEAST_THRESHOLD, MOST_CUSTODIANS, CustodyError, ShareFile, SharesDoNotMatch
from reports.seal.sealing import Context, PrivateKey, PublicKey, SealError, seal_text, unseal_text


class Command(BaseCommand):
    """It makes a key, splits it into shares for the custodians, tests the files that were written, and drops the key.

    It runs on a machine without a network, with `--settings=pnav.offline`, and needs no database.
    """

    help = "Crée la clé du sceau et la partage entre référents, chacun avec sa phrase de passe (machine hors ligne)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--custodians", type=int, required=True, help="nombre de référents, donc de parts")
        parser.add_argument("--threshold", type=int, required=True, help="nombre de parts qu'il faut pour ouvrir")
        parser.add_argument("--out", required=True, help="dossier à créer pour les parts et la clé publique")

    def handle(self, *args: Any, custodians: int, threshold: int, out: str, **options: Any) -> None:
        if not LEAST_THRESHOLD <= threshold <= custodians <= MOST_CUSTODIANS:
            raise CommandError(
                f"Il faut de {LEAST_THRESHOLD} à {MOST_CUSTODIANS} référents, "
                f"et un seuil de {LEAST_THRESHOLD} au moins, qui ne dépasse pas leur nombre."
            )
        folder = Path(out)
        if folder.exists():
            raise CommandError(f"{folder} existe déjà : indiquez un dossier à créer. Rien n'a été écrit.")
        if threshold == custodians:
            self.stdout.write("Attention : si une seule part se perd, plus rien ne s'ouvrira jamais.")
        self.stdout.write(
            "Chaque référent tape sa phrase de passe, seul devant l'écran. Par exemple six mots tirés au hasard.\n"
            "Rien ne s'affiche pendant la frappe."
        )
        chosen: list[str] = []
        for number in range(1, custodians + 1):
            self.stdout.write(f"\nPart {number} sur {custodians} : au tour de la personne qui la gardera.")
            chosen.append(passphrases.ask_new(self.stdout.write, taken=chosen))

        self.stdout.write("\nCréation et vérification de la clé…")
        private_key = PrivateKey.generate()
        files = custody.split_key(private_key, passphrases=chosen, threshold=threshold, cost=custody.COST)
        written = _write(folder, files, private_key.public_key)
        try:
            _prove(written, chosen, private_key)
        except (CustodyError, SealError, OSError):
            _remove(folder, written)
            raise CommandError("Les parts écrites n'ouvrent pas ce que la clé scelle. Rien n'a été gardé.") from None
        except BaseException:  # `Ctrl` + `C` counts too, because nobody was told yet what to do with these files
            _remove(folder, written)
            raise

        fingerprint = private_key.public_key.fingerprint
        self.stdout.write(f"{custodians} parts écrites dans {folder}, dont {threshold} suffisent pour ouvrir.\n")
        self.stdout.write(f"Empreinte : {grouped(fingerprint)}")
        self.stdout.write(
            "\nRemettez chaque part à sa personne, sur un support à elle, puis effacez le dossier. Notez l'empreinte.\n"
            "La clé privée n'est écrite nulle part. Lignes à placer dans l'environnement du site :\n"
        )
        self.stdout.write(f"SEAL_PUBLIC_KEY={private_key.public_key.text}")
        # The site cannot know it: with a smaller one, an envelope is taken before enough custodians agreed to open it.
        self.stdout.write(f"SEAL_THRESHOLD={threshold}")


def grouped(fingerprint: str) -> str:
    """Return a fingerprint in groups of four characters, as people read it aloud."""
    return " ".join("".join(four) for four in batched(fingerprint, 4, strict=False))


def share_name(file: ShareFile) -> str:
    return f"part-{file.index}-{file.fingerprint[:8]}.txt"


def _write(folder: Path, files: list[ShareFile], public_key: PublicKey) -> list[Path]:
    """Write the shares in order, then the public key, into a new folder that only its owner can enter.

    Returns the paths of the files.
    """
    public = textwrap.dedent(f"""\
        Pnav – clé publique du sceau. Elle ne permet que de sceller : elle n'est pas secrète.
        Empreinte : {grouped(public_key.fingerprint)}

        SEAL_PUBLIC_KEY={public_key.text}
        """)
    texts = {share_name(file): file.text for file in files} | {f"cle-publique-{public_key.fingerprint[:8]}.txt": public}
    written: list[Path] = []
    try:
        folder.mkdir(mode=0o700, parents=True)
        for name, text in texts.items():
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            written.append(folder / name)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
    except OSError:
        _remove(folder, written)
        raise CommandError(
            f"Impossible d'écrire dans {folder} : chemin, droits ou place. Rien n'a été gardé."
        ) from None
    return written


def _prove(written: list[Path], chosen: list[str], private_key: PrivateKey) -> None:
    """Read everything again from the disk, and decrypt a value with each share at least once.

    A key whose shares do not open is found out here, or on the day somebody is in danger. Raises what reading raises,
    and SharesDoNotMatch.
    """
    *paths, public = written
    files = [ShareFile.parse(path.read_text(encoding="utf-8")) for path in paths]
    shares = [custody.open_share(file, passphrase) for file, passphrase in zip(files, chosen, strict=True)]
    public_key = PublicKey.parse(public.read_text(encoding="utf-8").rpartition("SEAL_PUBLIC_KEY=")[2])
    context = Context(UUID(int=0), "proof")
    sealed = seal_text("é", public_key=public_key, context=context)
    for start in range(len(shares)):
        some = (shares * 2)[start : start + files[start].threshold]
        reunited = custody.combine_shares(some, fingerprint=files[start].fingerprint)
        if reunited.seed != private_key.seed or unseal_text(sealed, private_key=reunited, context=context) != "é":
            raise SharesDoNotMatch("What was written does not open what its key seals.")


def _remove(folder: Path, written: list[Path]) -> None:
    for path in written:
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # files of others in it are not deleted
        folder.rmdir()
