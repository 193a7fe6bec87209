"""`python -m tests.rerun` runs the tests that failed in the run before once more, one after the other on a quiet
machine.

`make test` calls it when tests failed beside others. A test that fails here too fails the run. One that passes is
named, so that it is mended, because it depends on how busy the machine is (ADR 0069). At most `MOST` tests get this
second try, because more of them are no accident.
"""

import json
import sys
from pathlib import Path

import pytest

MOST = 5
FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main() -> int:
    """Return the exit code of the run: 0 when each test that failed passes alone."""
    failed = sorted(json.loads(FAILED.read_text(encoding="utf-8"))) if FAILED.exists() else []
    if not 0 < len(failed) <= MOST:
        print(f"{len(failed)} tests failed: no second try (it is for 1 to {MOST}).", flush=True)
        return 1
    print(f"\nOnce more, alone: {len(failed)} that failed beside others.", flush=True)
    code = int(pytest.main(["-p", "no:cacheprovider", "-q", *failed]))
    if code == 0:
        print("\nFailed beside others and passed alone. Each is a fault to be mended, of the test or of Pnav:")
        print("\n".join(f"    {name}" for name in failed), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
