"""Stores the texts of a row in several languages: each text is a row of its own, by language and part.

A part is something that a row says in several languages: the title of a section, or the voice of a sentence. A model
with such texts inherits from `WithTexts`; the texts are rows of a model that inherits from `TextRow`. Forms, histories
and proposals use the name of a text, which `WithTexts` makes from its part and language.

A translation stores the text that it translates. When that changes, the translation is outdated (`WithTexts.outdated`)
until it is changed too, or somebody confirms that it is still right (`WithTexts.still_hold`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models, transaction
from django.db.models.functions import Replace

from common.texts import languages, validation

type Texts = dict[tuple[str, str], str]
_TU = f"_{languages.FAMILIAR}"


def _in_tu(part: str) -> str:
    """Return the name of the part with the *tu* of this column."""
    return part + _TU


class TextRow(models.Model):
    """It is one text, in one language. A text that is empty has no row. Subclasses have `owner`, and
    `Meta(TextRow.Meta)`."""

    language = models.CharField("langue", max_length=20)
    part = models.CharField("partie", max_length=20)
    text = models.TextField("texte")
    # None for a row of the previous version, which did not store it, and in the source language.
    source_text = models.TextField("texte traduit", null=True, editable=False)  # noqa: DJ001  empty is a text

    class Meta:
        abstract = True
        ordering = ["language", "part"]


class WithTexts(models.Model):
    """It is a row whose texts are other rows, related by `text_rows`. Saving it saves its texts as they are now.

    Texts in a language that is no longer in `settings.LANGUAGES` are kept, but not used.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the row, and its texts if they were read or set.

        It is one transaction, with one statement for texts that are deleted and one for those that are written.
        """
        texts: Texts | None = self.__dict__.get("_texts")
        with transaction.atomic():
            former = self._former_sources() if texts is not None else {}
            super().save(*args, **kwargs)
            if texts is not None:
                self._save_texts(texts, former)

    def clean(self) -> None:
        super().clean()
        places = self.text_places()
        wrong = {}
        for name, text in self.named_texts().items():
            limit = self.text_limit(places[name][1])
            if limit is not None and len(text) > limit:
                wrong[name] = f"Trop long : {len(text)} caractères, pour {limit} au plus."
        if wrong:
            raise ValidationError(" ".join(wrong.values()))

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row again, and its texts when they are next used."""
        super().refresh_from_db(*args, **kwargs)
        for kept in ("_texts", "_sources", "_still_hold"):
            self.__dict__.pop(kept, None)

    # --- what a class says of its texts -----------------------------------------------------------------------------

    @classmethod
    def text_parts(cls) -> Iterable[tuple[str, str]]:
        """Return every pair of language and part that a row may have, in the order of a form."""
        raise NotImplementedError

    @classmethod
    def text_name(cls, language: str, part: str) -> str:
        """Return the name of a text, which differs from those of other texts and of the model's fields."""
        raise NotImplementedError

    @classmethod
    def text_label(cls, language: str, part: str) -> str:
        """Return the label of a text in a form, in French."""
        raise NotImplementedError

    @classmethod
    def text_limit(cls, part: str) -> int | None:  # noqa: ARG003
        """Return the most characters that this part may have; None for any number."""
        return None

    def source_of(self, language: str, part: str) -> str:
        """Return the present text in the source language that this text translates or says in another voice."""
        raise NotImplementedError

    @classmethod
    def follows(cls, place: tuple[str, str]) -> bool:
        """Return whether this text translates a text in the source language, or says it in another voice."""
        return place[0] != languages.source()

    @classmethod
    def text_places(cls) -> dict[str, tuple[str, str]]:
        """Return the language and part of each text, by name."""
        return {cls.text_name(*place): place for place in cls.text_parts()}

    # --- the texts of this row --------------------------------------------------------------------------------------

    @property
    def texts(self) -> Texts:
        """Return the texts by language and part, without empty ones. One query at the first use, if not prefetched."""
        kept: Texts | None = self.__dict__.get("_texts")
        if kept is None:
            rows: Any = () if self._state.adding else self.text_rows.all()  # type: ignore[attr-defined]
            kept = self.__dict__["_texts"] = {(row.language, row.part): row.text for row in rows}
            self.__dict__["_sources"] = {(row.language, row.part): row.source_text for row in rows}
        return kept

    @property
    def sources(self) -> Mapping[tuple[str, str], str | None]:
        """Return the text that each text translates, as it was when that was written or last confirmed; None if
        unknown.

        They are read with `texts`.
        """
        _read = self.texts
        return self.__dict__.get("_sources", {})

    def named_texts(self) -> dict[str, str]:
        """Return all texts by their names, "" where there is none."""
        return {name: self.texts.get(place, "") for name, place in self.text_places().items()}

    def set_texts(self, named: Mapping[str, str]) -> Self:
        """Replace these texts, by their names; they are stored by `save`. Raises KeyError for an unknown name."""
        places = self.text_places()
        texts = dict(self.texts)
        for name, text in named.items():
            if text:
                texts[places[name]] = text
            else:
                texts.pop(places[name], None)
        self.__dict__["_texts"] = texts
        return self

    def outdated(self) -> dict[str, str]:
        """Return the names of the outdated translations, each with its former source text, in the order of a form."""
        found = {}
        for name, place in self.text_places().items():
            before = self.sources.get(place)
            if self.follows(place) and before is not None and before != self.source_of(*place):
                found[name] = before
        return found

    def still_hold(self, names: Iterable[str]) -> Self:
        """Confirm that these translations, by their names, fit the present source texts; `save` stores that."""
        _read = self.texts  # read now, so that `save` writes them
        self.__dict__["_still_hold"] = frozenset(names)
        return self

    def _former_sources(self) -> Texts:
        """Return the source texts in the database, for translations of the previous version, which did not store it."""
        unknown = [place for place, source in self.sources.items() if source is None and self.follows(place)]
        kept = type(self)._default_manager.filter(pk=self.pk).first() if unknown else None
        return {} if kept is None else {place: kept.source_of(*place) for place in unknown}

    def _save_texts(self, texts: Texts, former: Texts) -> None:
        """Write and delete the rows of the texts. former: see `_former_sources`."""
        model: Any = self.text_rows.model  # type: ignore[attr-defined]
        rows = model.objects.filter(owner=self)  # not the prefetched rows, which are as old as this object
        before = {(row.language, row.part): row for row in rows}
        if gone := [row.pk for place, row in before.items() if place not in texts]:
            rows.filter(pk__in=gone).delete()
        places = self.text_places()
        looked_at = {places[name] for name in self.__dict__.pop("_still_hold", ())}
        translations = {place for place in places.values() if self.follows(place)}
        changed, sources = [], {}
        for place, text in texts.items():
            row = before.get(place)
            is_said_anew = row is None or one_line_end(row.text) != one_line_end(text)
            source = row.source_text if row is not None else None
            if place in translations and (is_said_anew or place in looked_at):
                source = self.source_of(*place)
            elif source is None:
                source = former.get(place)
            sources[place] = source
            if row is None or row.text != text or row.source_text != source:
                changed.append(model(owner=self, language=place[0], part=place[1], text=text, source_text=source))
        self.__dict__["_sources"] = sources
        if changed:
            model.objects.bulk_create(
                changed,
                update_conflicts=True,
                unique_fields=["owner", "language", "part"],
                update_fields=["text", "source_text"],
            )


class Translated(WithTexts):
    """It is a row whose own columns are in the source language, and whose translations are texts.

    text_fields: the columns that are translated; their verbose name and length are also those of the translations.
    familiar_fields: those of them that may also have a *tu*, in the source language. It is one more text, and is
    outdated by a change of the column as a translation is; an outdated *tu* is not shown.
    """

    text_fields: ClassVar[tuple[str, ...]] = ()
    familiar_fields: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Raise ValidationError, by the name of the field, for characters that cannot be seen or that reverse a line.

        They are those of `validation`, except line ends.
        """
        super().clean()
        written = {part: str(getattr(self, part) or "") for part in self.text_fields} | self.named_texts()
        wrong = {}
        for name, text in written.items():
            if codes := validation.hidden_characters("".join(text.splitlines())):
                found = ", ".join(codes)
                wrong[name] = f"Ce texte contient un caractère qui ne se voit pas ({found}) : réécrivez ce passage."
        if wrong:
            raise ValidationError(wrong)

    @classmethod
    def text_parts(cls) -> Iterable[tuple[str, str]]:
        """Return each column with a *tu*; then, for each language except the source one, each translated column."""
        familiar = [(languages.source(), _in_tu(part)) for part in cls.familiar_fields]
        return [*familiar, *((language, part) for language in languages.others() for part in cls.text_fields)]

    @classmethod
    def text_name(cls, language: str, part: str) -> str:
        """Return the name of this text's field in forms."""
        return part if language == languages.source() else f"{part}_{language}"

    @classmethod
    def text_label(cls, language: str, part: str) -> str:
        """Return the label of this text's field in forms, in French."""
        voice = "en tutoyant" if language == languages.source() else in_words(language)
        return f"{cls.column(part).verbose_name} {voice}"

    @classmethod
    def follows(cls, place: tuple[str, str]) -> bool:
        """Return True, because each text translates a column or says it in *tu*."""
        return super().follows(place) or place[1] in map(_in_tu, cls.familiar_fields)

    @classmethod
    def text_limit(cls, part: str) -> int | None:
        """Return the most characters that a text may have; None when its column has no limit."""
        limit: int | None = cls.column(part).max_length
        return limit

    def source_of(self, language: str, part: str) -> str:
        """Return the column's text, which this text translates or says in *tu*."""
        return one_line_end(getattr(self, part.removesuffix(_TU)))

    @classmethod
    def with_outdated(cls) -> models.Q:
        """Return the condition that selects rows with outdated texts."""
        rows: Any = cls._meta.get_field("text_rows").related_model
        found: Any = models.Q()
        for part in cls.text_fields:
            translated = models.Q(part=part, language__in=languages.others())
            if part in cls.familiar_fields:
                translated |= models.Q(part=_in_tu(part), language=languages.source())
            own = Replace(models.OuterRef(part), models.Value("\r\n"), models.Value("\n"))
            following = rows.objects.filter(translated, owner=models.OuterRef("pk"), source_text__isnull=False)
            found |= models.Exists(following.exclude(source_text=own))
        return found

    @classmethod
    def column(cls, part: str) -> Any:
        """Return the column that this part translates or says in *tu*."""
        return cls._meta.get_field(part.removesuffix(_TU))

    def in_voice(self, familiar: bool) -> Self:
        """Make `said` return the *tu* from now on, where there is one, if familiar is true."""
        self.__dict__["_familiar"] = familiar
        return self

    def said(self, part: str) -> str:
        """Return the text of this column in the active language and the voice of `in_voice`.

        It is in the source language if there is no translation. A column that was emptied says nothing in any language.
        """
        language = languages.current()
        own: str = getattr(self, part)
        if not own:
            return ""
        if language != languages.source():
            return self.texts.get((language, part)) or own
        if part not in self.familiar_fields or not self.__dict__.get("_familiar"):
            return own
        place = (language, _in_tu(part))
        before = self.sources.get(place)
        # An outdated *tu* could tell one reader another law or another number than everybody else.
        return self.texts.get(place, own) if before == self.source_of(*place) else own

    @classmethod
    def to_be_read(cls, *, familiar: bool = False) -> models.QuerySet[Self]:
        """Return all rows with the texts that the active language and this voice need.

        One query in the source language and the polite voice; otherwise two.
        """
        rows = cls._default_manager.all()
        is_whole = languages.current() == languages.source() and not (familiar and cls.familiar_fields)
        return rows if is_whole else rows.prefetch_related("text_rows")


def one_line_end(text: str) -> str:
    """Return a text with one character at each line end, where a browser sends two."""
    return text.replace("\r\n", "\n")


# --- a value of a row by its name: of a field, or of a text ----------------------------------------------------------


def values_of(row: models.Model) -> dict[str, str]:
    """Return the texts of any row by their names; {} for a model without such texts."""
    return row.named_texts() if isinstance(row, WithTexts) else {}


def place_of(model: type[models.Model], name: str) -> tuple[str, str] | None:
    """Return the language and part of the text with this name; None if it is no text's name."""
    return model.text_places().get(name) if issubclass(model, WithTexts) else None


def label_of(model: type[models.Model], name: str) -> str:
    """Return the label of this text or field in a form; the name itself if it is neither, as after a language went."""
    place = place_of(model, name)
    if place is not None:
        return str(model.text_label(*place))  # type: ignore[attr-defined]
    try:
        return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return name


def in_words(language: str) -> str:
    """Return how a label names its language (« en anglais »); "" for the source language."""
    return "" if language == languages.source() else f"en {languages.name(language)}"
