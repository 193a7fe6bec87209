"""`python -m tests.chromium`: makes sure that the browser tests find a Chromium, and says which one they use.

They prefer the one without windows, which Playwright drives by default. It has the same engine, and no address bar,
profile and window for each visit, so a page takes a fourth of the processor time. Any other Chromium works too, and is
slower.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

WITHOUT_WINDOWS = ("chromium-headless-shell", "chrome-headless-shell")
WHOLE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_SECONDS = 300  # for one command: WebKit brings some two hundred packages to a bare image
HURRY = ("-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10", "-o", "Acquire::https::Timeout=10")
# An installation that failed is not tried again on this machine. The tests then run with the browser that there is.
GIVEN_UP = Path(__file__).resolve().parents[1] / ".local" / "without-another-chromium"


def find(names: tuple[str, ...] = (*WITHOUT_WINDOWS, *WHOLE)) -> str | None:
    """Return the path of an installed browser: CHROMIUM from the environment, then these names."""
    given = os.environ.get("CHROMIUM")
    if given:
        return given
    return next(filter(None, map(shutil.which, names)), None)


def find_whole() -> str | None:
    """Return a browser with windows and tabs: WHOLE_CHROMIUM from the environment, then the usual names."""
    return os.environ.get("WHOLE_CHROMIUM") or next(filter(None, map(shutil.which, WHOLE)), None)


def _playwright_has_one() -> bool:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def may_install() -> bool:
    """Return whether Debian's packages can be installed by whoever runs this."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_from_debian(*packages: str) -> bool:
    """Return whether Debian's packages could be installed; False where we may not."""
    if not may_install():
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", *HURRY, "update", "-qq"], ["apt-get", *HURRY, "install", "-y", "-qq", *packages]):
        try:
            done = subprocess.run(command, env=environment, capture_output=True, timeout=INSTALL_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return False
        if done.returncode != 0:
            return False
    return True


def install() -> bool:
    """Install one: Debian's package where root may do so, and Playwright's download elsewhere."""
    if install_from_debian("chromium"):
        return True
    return subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode == 0


def add_the_quick_one() -> None:
    """Install the quick one beside a Chromium with windows, when Debian's packages can be installed.

    It is tried once.
    """
    if find(WITHOUT_WINDOWS) or GIVEN_UP.exists() or not may_install():
        return
    print("Installation d’un Chromium sans fenêtre, qui rend les tests plus rapides…", flush=True)
    if not install_from_debian("chromium-headless-shell"):
        GIVEN_UP.parent.mkdir(exist_ok=True)
        GIVEN_UP.touch()


def add_a_whole_one() -> None:
    """Install a whole browser beside one without windows, where Debian's packages can be installed: some tests hide
    tabs.
    """
    if find_whole() or os.environ.get("CHROMIUM") or GIVEN_UP.exists() or not may_install():
        return
    print("Installation d’un Chromium avec des fenêtres…", flush=True)
    if not install_from_debian("chromium"):
        GIVEN_UP.parent.mkdir(exist_ok=True)
        GIVEN_UP.touch()


def main() -> int:
    if find() or _playwright_has_one():
        if find():  # Playwright's download brings both
            add_a_whole_one()
            add_the_quick_one()
        return 0
    print("Aucun Chromium : installation…", flush=True)
    if install():
        add_the_quick_one()
        return 0
    print("Chromium ne s'installe pas ici. Installez-le, ou donnez son chemin : CHROMIUM=/chemin make test")
    return 1


if __name__ == "__main__":
    sys.exit(main())
