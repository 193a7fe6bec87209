"""Compiles translations without gettext. The .po files are in the repository; the .mo files are made at set-up."""

from pathlib import Path

import polib


def compile_messages(folder: Path) -> list[Path]:
    """Write the .mo beside each .po below `folder` that has changed since; return those written.

    Raises OSError when a .po cannot be read (polib's error names the line).
    """
    written = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            partial = target.with_suffix(".mo.partial")
            polib.pofile(str(source)).save_as_mofile(str(partial))
            partial.rename(target)  # the file is replaced in one step, because another process may be reading it
            written.append(target)
    return written
