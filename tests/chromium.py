"""`python -m tests.chromium`: make sure that the browser tests find a Chromium, and say which."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of an installed browser: CHROMIUM from the environment, then the usual names."""
    given = os.environ.get("CHROMIUM")
    if given:
        return given
    return next(filter(None, map(shutil.which, NAMES)), None)


def _playwright_has_one() -> bool:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def install() -> bool:
    """Install one: Debian's package when root may, Playwright's download elsewhere."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        commands = [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]
        if all(
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0
            for command in commands
        ):
            return True
    return subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode == 0


def main() -> int:
    if find() or _playwright_has_one():
        return 0
    print("Aucun Chromium : installation…", flush=True)
    if install():
        return 0
    print("Chromium ne s'installe pas ici. Installez-le, ou donnez son chemin : CHROMIUM=/chemin make test")
    return 1


if __name__ == "__main__":
    sys.exit(main())
