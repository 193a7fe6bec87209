"""`make sbom`: lists what a release holds, as CycloneDX 1.6 in JSON, from what is locked.

The list has every library of requirements.txt with its version, the digests of its files and, where it is installed
here, its licence; and the images that docker-compose.yml and the Dockerfile name. The same repository gives the same
bytes: the number of the list is computed from its content, and the date comes from SOURCE_DATE_EPOCH or the last
commit.
"""

import argparse
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from pnav.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
WRITTEN_TO = ROOT / ".local" / f"pnav-{VERSION}.cdx.json"


def locked(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each library of a lock: its name, its version, the SHA-256 of each of its files."""
    for entry in re.split(r"\n(?=\S)", text.strip()):
        if head := re.match(r"([\w.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", entry):
            yield head[1], head[2], re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)


def images(*texts: str) -> list[tuple[str, str]]:
    """Return the images of others that these files name, and the tag of each, once and in order."""
    found = set()
    for text in texts:
        found |= set(re.findall(r"^\s*(?:image:|FROM) ([a-z/]+):([\w.@:-]+)", text, re.MULTILINE))
    return sorted(found)


def _licences_of(name: str) -> list[License]:
    """Return the licence that an installed library declares; nothing where it is not installed, or declares nothing
    short.
    """
    try:
        about = metadata(name)
    except PackageNotFoundError:  # it is for another system, like `colorama` for Windows
        return []
    said = about.get("License-Expression") or about.get("License") or ""
    if not said or len(said) > 80:  # some libraries write the whole text there
        names = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if "License ::" in line]
        said = " AND ".join(names) if len(names) == 1 else ""
    return [LicenseFactory().make_from_string(said)] if said else []  # type: ignore[list-item]


def _library(name: str, version: str, digests: list[str]) -> Component:
    purl = PackageURL("pypi", name=name, version=version)
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=one) for one in digests]
    files = ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(str(purl)), hashes=hashes)
    return Component(
        type=ComponentType.LIBRARY, name=name, version=version, purl=purl, bom_ref=str(purl),
        licenses=_licences_of(name), external_references=[files],
    )  # fmt: skip


def _image(name: str, tag: str) -> Component:
    purl = PackageURL("docker", name=name, version=tag)
    return Component(type=ComponentType.CONTAINER, name=name, version=tag, purl=purl, bom_ref=str(purl))


def made_at() -> datetime:
    """Return when what is listed was committed, so that a second list is the same."""
    if not (said := os.environ.get("SOURCE_DATE_EPOCH")):
        done = subprocess.run(
            ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        said = done.stdout
    return datetime.fromtimestamp(int(said), UTC)


def build() -> str:
    """Return the list as text."""
    texts = [(ROOT / name).read_text() for name in ("requirements.txt", "docker-compose.yml", "deploy/Dockerfile")]
    components = [_library(*each) for each in locked(texts[0])]
    components += [_image(*each) for each in images(*texts[1:])]
    itself = Component(
        type=ComponentType.APPLICATION, name="pnav", version=VERSION, bom_ref=f"pnav@{VERSION}",
        licenses=[LicenseFactory().make_from_string("EUPL-1.2")],
    )  # fmt: skip
    number = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([VERSION, *texts]))
    about = BomMetaData(component=itself, timestamp=made_at())
    bom = Bom(components=components, serial_number=number, metadata=about)
    bom.register_dependency(itself, components)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def main() -> int:
    """Write the list, and print where it is."""
    parser = argparse.ArgumentParser(description="La liste de ce que contient une version (SBOM CycloneDX).")
    parser.add_argument("--output", type=Path, default=WRITTEN_TO)
    output = parser.parse_args().output
    output.parent.mkdir(exist_ok=True)
    output.write_text(build())
    print(output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
