"""`python -m tests.browser.engines` runs these tests in every engine, and installs what is missing where root may.

Elsewhere it says which engine is missing, runs in those that exist, and then fails.
"""

import os
import subprocess
import sys

from tests import chromium
from tests.browser.engines import conftest, firefox, webkit
from tests.browser.engines.engine import DISPLAY, find


def missing() -> dict[str, str]:
    """Return, for each engine that cannot run, the Debian packages to install."""
    lacks = {}
    if not find(*firefox.NAMES):
        lacks["firefox"] = f"firefox-esr {firefox.HAND}"
    programs = {
        "webkit2gtk-driver": find(webkit.DRIVER),
        "libwebkit2gtk-4.1-0": webkit.mini_browser(),
        "xvfb": find(DISPLAY),
    }
    if packages := [package for package, program in programs.items() if not program]:
        lacks["webkit"] = " ".join(packages)
    return lacks


def install(packages: str) -> None:
    """Install Debian's packages, where root may. What then still lacks is said by whoever asks again."""
    print(f"Installation de {packages}…", flush=True)
    if not chromium.install_from_debian(*packages.split()):
        print("L'installation n'a pas réussi.")


def run_tests(arguments: list[str]) -> int:
    """Run these tests in another process, and return how it ended.

    This one has imported modules that pytest prepares before their first import.
    """
    return subprocess.call([sys.executable, "-m", "pytest", *arguments])


def main(arguments: list[str]) -> int:
    lacks = missing()
    if lacks and chromium.may_install():
        install(" ".join(lacks.values()))
        lacks = missing()
    for kind, packages in lacks.items():
        print(f"{kind} n'est pas là. Sur Debian : apt-get install {packages}")
    here = [kind for kind in conftest.KINDS if kind not in lacks]
    if not here:
        return 1
    os.environ[conftest.ASKED] = " ".join(here)
    failed = run_tests(["tests/browser/engines", "-q", "-p", "no:cacheprovider", *arguments])
    return failed or (1 if lacks else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
