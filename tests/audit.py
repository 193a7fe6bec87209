"""Asks whether weaknesses are known in our dependencies: `make audit`, each day where CI runs.

It asks OSV with pip-audit about requirements.txt as it is locked. « Nothing » is believed only from a base that works:
it is first asked about a version of Django whose weaknesses have long been public. A base that is away, empty or wrong
therefore fails as loudly as a weakness.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# CVE-2019-14234, an SQL injection. It is never installed: the digest is that of an empty file.
KNOWN_AS_WEAK = f"django==2.2.3 --hash=sha256:{'0' * 64}\n"
FOUND, NOTHING = 1, 0


def ask(requirements: Path) -> subprocess.CompletedProcess[str]:
    """Run pip-audit. Its status is 1 for a weakness and for any failure, so its text tells which it is."""
    options = [
        "--vulnerability-service",
        "osv",
        "--strict",
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner=off",
    ]
    command = [sys.executable, "-m", "pip_audit", *options, "--requirement", str(requirements)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main() -> int:
    """Return 0 when nothing is known, 1 for a weakness, 2 when nobody could say. PIP_AUDIT_OSV_URL: another base."""
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "requirements.txt"
        sample.write_text(KNOWN_AS_WEAK)
        first = ask(sample)
    if first.returncode != FOUND or "Found" not in first.stderr:
        print(first.stderr[-2000:], file=sys.stderr)
        print("AUDIT IMPOSSIBLE : la base des avis ne répond pas, ou ne sait rien.", file=sys.stderr)
        return 2
    second = ask(ROOT / "requirements.txt")
    print(second.stdout, second.stderr, sep="\n")
    if second.returncode == NOTHING and "No known vulnerabilities found" in second.stderr:
        return 0
    if "Found" in second.stderr:
        print("FAIBLESSES PUBLIÉES : délais dans docs/security.md (« Dependencies »).", file=sys.stderr)
        return 1
    print("AUDIT IMPOSSIBLE : l'audit s'est arrêté en chemin.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
