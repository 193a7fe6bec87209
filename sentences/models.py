"""The sentences that an administrator changed. No row: the text of the code."""

import logging

from django.db import models

from sentences import checks
from sentences.catalogue import CATALOGUE
from sentences.shelf import Changed

logger = logging.getLogger(__name__)


class ChangedSentence(models.Model):
    """The texts of one sentence in place of those of origin. An empty text leaves that of origin.

    `key`: of the catalogue. Whoever reads a table by hand finds nothing of anybody here.
    """

    key = models.CharField("clé", max_length=80, primary_key=True)
    vous = models.TextField("texte", blank=True)
    tu = models.TextField("texte, en tutoyant", blank=True)
    en = models.TextField("texte en anglais", blank=True)

    class Meta:
        verbose_name = "phrase de Pnav"
        verbose_name_plural = "phrases de Pnav"
        ordering = ["key"]

    def __str__(self) -> str:
        """The text as it is said now: what an administrator knows a sentence by."""
        sentence = CATALOGUE.get(self.key)
        return self.vous or (sentence.origin() if sentence else self.key)


def sound_texts() -> dict[str, Changed]:
    """What replaces the texts of origin, by key: one query.

    A text that a new version of the code no longer allows (a variable has gone) is not said; the log names its key.
    """
    texts = {}
    for row in ChangedSentence.objects.all():
        sentence = CATALOGUE.get(row.key)
        if sentence is None:
            continue
        if any(checks.errors(sentence, text) for text in (row.vous, row.tu, row.en)):
            logger.error("sentence cannot be said any more: %s", row.key)
            continue
        texts[row.key] = Changed(row.vous, row.tu, row.en)
    return texts
