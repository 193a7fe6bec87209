"""A text that an administrator writes for everybody, for a while: in each language, and in both voices of the source.

`Spoken` stands behind an announcement and behind the closing of the chat. What sentences refuse (`validation`), it
refuses: signs that nobody sees, or that turn a line round.
"""

from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError

from common.texts import languages, validation
from common.texts.text_rows import WithTexts, in_words

TEXT_MAX_LENGTH = 300  # characters: two or three sentences, above what the page is for


class Spoken(WithTexts):
    """A row with one text, which says *vous*; « tu » and the other languages are other sentences, not copies of it."""

    class Meta:
        abstract = True

    @classmethod
    def text_parts(cls) -> Iterable[tuple[str, str]]:
        """Each language with the voices it is written in: the source language in both, the others in the polite one."""
        own = languages.source()
        return [
            *((own, voice) for voice in languages.VOICES),
            *((code, languages.POLITE) for code in languages.others()),
        ]

    @classmethod
    def text_name(cls, language: str, part: str) -> str:
        """The name of the field of this text in forms."""
        return languages.text_name(language, part)

    @classmethod
    def text_label(cls, language: str, part: str) -> str:
        """The label of the field of this text in forms, in French."""
        label = " ".join(filter(None, ["Texte", in_words(language)]))
        return f"{label}, en tutoyant" if part == languages.FAMILIAR else label

    @classmethod
    def text_limit(cls, part: str) -> int:  # noqa: ARG003
        """The longest that a text may be, in characters."""
        return TEXT_MAX_LENGTH

    def source_of(self, language: str, part: str) -> str:
        """The French that a translation translates."""
        return self.texts.get((languages.source(), languages.POLITE), "")

    def clean(self) -> None:
        """Raises ValidationError, by the name of the text, for one that cannot be read as it is written."""
        super().clean()
        wrong = {}
        for name, text in self.named_texts().items():
            if "\n" in text or "\r" in text:
                wrong[name] = "Une seule ligne : enlevez les retours à la ligne."
            elif codes := validation.hidden_characters(text):
                found = ", ".join(codes)
                wrong[name] = f"Ce texte contient un caractère qui ne se voit pas ({found}) : réécrivez ce passage."
        if wrong:
            raise ValidationError(wrong)


def text_for(texts: Mapping[tuple[str, str], str], *, familiar: bool = False) -> str:
    """The text in the active language and this voice; the polite one, then the source language's, where it is empty."""
    own, now = languages.source(), languages.current()
    wanted = [(now, languages.FAMILIAR)] if familiar else []
    wanted += [(now, languages.POLITE), *([(own, languages.FAMILIAR)] if familiar else []), (own, languages.POLITE)]
    return next((texts[place] for place in wanted if texts.get(place)), "")
