"""This is the table of the sentences that an administrator has changed. A sentence without a row has the code's
text."""

import logging
from collections.abc import Iterable

from django.db import models

from common.texts import languages, validation
from common.texts.cache import Changed
from common.texts.catalogue import of_row
from common.texts.text_rows import TextRow, WithTexts, in_words

logger = logging.getLogger(__name__)


class ChangedSentence(WithTexts):
    """It is a changed sentence. Its texts are rows by language and voice; a missing one leaves the original text.

    key: `Sentence.row_key`. The table contains nothing about any person.
    """

    key = models.CharField("clé", max_length=80, primary_key=True)

    class Meta:
        verbose_name = "phrase de Pnav"
        verbose_name_plural = "phrases de Pnav"
        ordering = ["key"]

    def __str__(self) -> str:
        """Return the sentence as it is shown now, by which an administrator recognises it."""
        sentence = of_row(self.key)
        changed = self.texts.get((languages.source(), languages.POLITE), "")
        return changed or (sentence.origin() if sentence else self.key)

    @classmethod
    def text_parts(cls) -> Iterable[tuple[str, str]]:
        """Return each pair of a language and a voice that a sentence may have."""
        return [(language, voice) for language in languages.codes() for voice in languages.VOICES]

    @classmethod
    def text_name(cls, language: str, part: str) -> str:
        """Return the name of a text's field. part: the voice."""
        return languages.text_name(language, part)

    @classmethod
    def text_label(cls, language: str, part: str) -> str:
        """Return the label of a text's field, in French. part: the voice."""
        label = " ".join(filter(None, ["Texte", in_words(language)]))
        return label if part == languages.POLITE else f"{label}, en tutoyant"

    def source_of(self, language: str, part: str) -> str:
        """Return the text in the source language, changed or not.

        It has both voices if the other language has one text for both.
        """
        sentence = of_row(self.key)
        if sentence is None:
            return ""
        own = languages.source()
        voices = (part,) if languages.FAMILIAR in sentence.voices(language) else sentence.voices(own)
        said = [self.texts.get((own, one)) or sentence.origin(familiar=one == languages.FAMILIAR) for one in voices]
        return " / ".join(said)

    def outdated(self) -> dict[str, str]:
        """Return the outdated texts of a row as `WithTexts.outdated` does, and those of the code besides.

        A translation in the code, if there is one and it is shown, translates the original text, so a changed source
        text outdates it. A language whose translation has only begun shows the source text where it has none, and then
        nothing is outdated. The *tu* of the source language is outdated where only the *vous* was changed, because
        minors still read the *tu* of the code.
        """
        sentence = of_row(self.key)
        if sentence is None or not self.texts:
            return {}
        found, origin = {}, type(self)(key=self.key)
        own = languages.source()
        for name, text in sentence.origins().items():
            place = languages.text_place(name)
            if place == (own, languages.FAMILIAR) and place not in self.texts and (own, languages.POLITE) in self.texts:
                found[name] = sentence.origin()
            is_said_by_code = text != sentence.origin(familiar=place[1] == languages.FAMILIAR)
            if place[0] == languages.source() or not (is_said_by_code or place in self.texts):
                continue
            before = self.sources.get(place) if place in self.texts else origin.source_of(*place)
            if before is not None and before != self.source_of(*place):
                found[name] = before
        return found


class SentenceText(TextRow):
    """It is one text that replaces the original one. `part` is its voice."""

    owner = models.ForeignKey(ChangedSentence, on_delete=models.DB_CASCADE, related_name="text_rows")

    class Meta(TextRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["owner", "language", "part"], name="sentences_one_text_a_voice"),
        ]


def sound_texts() -> dict[str, Changed]:
    """Return the texts that replace the original ones, by key, with one query.

    If a new version of the code no longer allows a text (because a variable was removed), none of its sentence is used,
    and the log names its key.
    """
    texts: dict[str, dict[tuple[str, str], str]] = {}
    for key, language, voice, text in SentenceText.objects.values_list("owner_id", "language", "part", "text"):
        texts.setdefault(key, {})[language, voice] = text
    sound = {}
    for key, said in texts.items():
        sentence = of_row(key)
        if sentence is None:
            continue
        if any(validation.find_errors(sentence, text) for text in said.values()):
            logger.error("sentence cannot be said any more: %s", sentence.key)
            continue
        sound[sentence.key] = Changed(said)
    return sound
