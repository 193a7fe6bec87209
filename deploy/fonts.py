"""This says whether the fonts at hand draw what people write: `python deploy/fonts.py`, when the image is built.

Typst looks for fonts where the system keeps them. Without those of the Dockerfile, Arabic, Chinese and emoji stand on
paper by their codes (`chat.documents.font_coverage`). One text for each script that must be there; exit status 1 names
those that are not drawn.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chat.documents import drawing, font_coverage

# The scripts besides the Latin one. One that people turn out to write in is added here, and its font to the Dockerfile.
SCRIPTS: Mapping[str, str] = {
    "arabic": "مرحبا، أنا خائف",
    "chinese": "你好我很害怕",
    "japanese": "こんにちは",
    "korean": "안녕하세요",
    "hebrew": "שלום",
    "cyrillic": "Привет",
    "greek": "Καλημέρα",
    "tamil": "வணக்கம்",
    "devanagari": "नमस्ते",
    "bengali": "নমস্কার",
    "thai": "สวัสดี",
    "ethiopic": "ሰላም",
    "armenian": "Բարեւ",
    "georgian": "გამარჯობა",
    "emoji": "😀😢❤️👍😡",
}


def undrawn(texts: Mapping[str, str]) -> list[str]:
    """Return the names of the texts of which at least one character cannot be drawn."""
    return [
        name
        for name, text in texts.items()
        if set(font_coverage.signs_of([text])) - font_coverage.drawable([text], can_draw=drawing.can_draw)
    ]


def main() -> int:
    missing = undrawn(SCRIPTS)
    if missing:
        print(f"No font draws: {', '.join(missing)}.", file=sys.stderr)  # noqa: T201  the build's own output
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
