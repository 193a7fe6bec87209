"""This is the base class of texts that an administrator writes for everybody for some time, in each language.

Announcements and closures of the chat are such rows. In the source language there is a text for each voice. As in
sentences (`validation`), characters that cannot be seen or that reverse a line are refused.
"""

from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError

from common.texts import languages, validation
from common.texts.text_rows import WithTexts, in_words

TEXT_MAX_LENGTH = 300  # characters, which are two or three sentences above the page's own content


class Spoken(WithTexts):
    """It is a row with one text that says *vous*. The *tu* and the other languages are separate texts, not copies of
    it."""

    class Meta:
        abstract = True

    @classmethod
    def text_parts(cls) -> Iterable[tuple[str, str]]:
        """Return each language with its voices: the source language with both, the others with the polite one."""
        own = languages.source()
        return [
            *((own, voice) for voice in languages.VOICES),
            *((code, languages.POLITE) for code in languages.others()),
        ]

    @classmethod
    def text_name(cls, language: str, part: str) -> str:
        """Return the name of this text's field in forms."""
        return languages.text_name(language, part)

    @classmethod
    def text_label(cls, language: str, part: str) -> str:
        """Return the label of this text's field in forms, in French."""
        label = " ".join(filter(None, ["Texte", in_words(language)]))
        return f"{label}, en tutoyant" if part == languages.FAMILIAR else label

    @classmethod
    def text_limit(cls, part: str) -> int:  # noqa: ARG003
        """Return the most characters that a text may have."""
        return TEXT_MAX_LENGTH

    def source_of(self, language: str, part: str) -> str:
        """Return the text in the source language that this text translates."""
        return self.texts.get((languages.source(), languages.POLITE), "")

    def clean(self) -> None:
        """Raise ValidationError, by the name of the text, for one with characters that cannot be seen."""
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
    """Return the text in the active language and this voice; if empty, the polite one, then the source language's."""
    own, now = languages.source(), languages.current()
    wanted = [(now, languages.FAMILIAR)] if familiar else []
    wanted += [(now, languages.POLITE), *([(own, languages.FAMILIAR)] if familiar else []), (own, languages.POLITE)]
    return next((texts[place] for place in wanted if texts.get(place)), "")
