"""Texts of a row in several languages: each one a row of its own, by language and part.

A part is what a row says in several languages: the title of a section, or the voice of a sentence. A model whose rows
have such texts inherits from `WithTexts`; its texts stand in a model that inherits from `TextRow`. Forms, histories and
proposals know a text by its name, which `WithTexts` makes of its part and language.

A translation keeps the text that it translates: once that is another, the translation is to be looked at again
(`WithTexts.outdated`), until it changes too or somebody says that it still holds (`WithTexts.still_hold`).
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
    """The part that says this column in *tu*."""
    return part + _TU


class TextRow(models.Model):
    """One text, in one language. A text that is empty has no row. Subclasses have `owner`, and `Meta(TextRow.Meta)`."""

    language = models.CharField("langue", max_length=20)
    part = models.CharField("partie", max_length=20)
    text = models.TextField("texte")
    # None: written by the version before, which did not say; and in the source language, where nothing is translated.
    source_text = models.TextField("texte traduit", null=True, editable=False)  # noqa: DJ001  empty is a text

    class Meta:
        abstract = True
        ordering = ["language", "part"]


class WithTexts(models.Model):
    """A row with texts in other rows, whose relation is called `text_rows`. Saving it saves its texts as they are now.

    Texts in a language that `settings.LANGUAGES` does not name any more stay, unread.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """With its texts, when they were read or set: in one transaction, one statement for what goes and one for what
        is written."""
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
        """Read the row again, and its texts when they are next asked for."""
        super().refresh_from_db(*args, **kwargs)
        for kept in ("_texts", "_sources", "_still_hold"):
            self.__dict__.pop(kept, None)

    # --- what a class says of its texts -----------------------------------------------------------------------------

    @classmethod
    def text_parts(cls) -> Iterable[tuple[str, str]]:
        """Every (language, part) that a row may have, in the order of a form."""
        raise NotImplementedError

    @classmethod
    def text_name(cls, language: str, part: str) -> str:
        """The name of one text; no two have the same, and no field of the model is called so."""
        raise NotImplementedError

    @classmethod
    def text_label(cls, language: str, part: str) -> str:
        """Its label in a form, in French."""
        raise NotImplementedError

    @classmethod
    def text_limit(cls, part: str) -> int | None:  # noqa: ARG003
        """The most characters that this part may have; None: any number."""
        return None

    def source_of(self, language: str, part: str) -> str:
        """The text in the source language that this text follows, as it is now. For no other text in that language."""
        raise NotImplementedError

    @classmethod
    def follows(cls, place: tuple[str, str]) -> bool:
        """Whether the text of this language and part says what a text in the source language says."""
        return place[0] != languages.source()

    @classmethod
    def text_places(cls) -> dict[str, tuple[str, str]]:
        """The language and part of each text, by its name."""
        return {cls.text_name(*place): place for place in cls.text_parts()}

    # --- the texts of this row --------------------------------------------------------------------------------------

    @property
    def texts(self) -> Texts:
        """Its texts by language and part, without the empty ones: one query at the first reading, or what was
        prefetched."""
        kept: Texts | None = self.__dict__.get("_texts")
        if kept is None:
            rows: Any = () if self._state.adding else self.text_rows.all()  # type: ignore[attr-defined]
            kept = self.__dict__["_texts"] = {(row.language, row.part): row.text for row in rows}
            self.__dict__["_sources"] = {(row.language, row.part): row.source_text for row in rows}
        return kept

    @property
    def sources(self) -> Mapping[tuple[str, str], str | None]:
        """What each of its texts translates, as it was when the text was written or last said to hold; None where that
        is not known. Read with `texts`."""
        _read = self.texts
        return self.__dict__.get("_sources", {})

    def named_texts(self) -> dict[str, str]:
        """Return the texts of a form by their names, empty where there is none."""
        return {name: self.texts.get(place, "") for name, place in self.text_places().items()}

    def set_texts(self, named: Mapping[str, str]) -> Self:
        """Take these for its texts, by their names, until it is saved; others stay. Raises KeyError for no name."""
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
        """The names of the translations whose source text is another by now, each with what it was: in the order of a
        form."""
        found = {}
        for name, place in self.text_places().items():
            before = self.sources.get(place)
            if self.follows(place) and before is not None and before != self.source_of(*place):
                found[name] = before
        return found

    def still_hold(self, names: Iterable[str]) -> Self:
        """Somebody has looked at these translations, by their names: saving keeps that they say what is said now."""
        _read = self.texts  # which saves them
        self.__dict__["_still_hold"] = frozenset(names)
        return self

    def _former_sources(self) -> Texts:
        """What its translations translated before it is saved, for those that the version before wrote."""
        unknown = [place for place, source in self.sources.items() if source is None and self.follows(place)]
        kept = type(self)._default_manager.filter(pk=self.pk).first() if unknown else None
        return {} if kept is None else {place: kept.source_of(*place) for place in unknown}

    def _save_texts(self, texts: Texts, former: Texts) -> None:
        """former: see `_former_sources`."""
        model: Any = self.text_rows.model  # type: ignore[attr-defined]
        rows = model.objects.filter(owner=self)  # not what was prefetched: that is as old as this row
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
    """A row whose own columns are in the source language, and whose translations are texts.

    text_fields: the columns that are translated; their verbose name and length are those of the translations too.
    familiar_fields: those of them that a visitor may also be told in *tu*, in the source language. That text is one
    more, and follows the column as a translation does; once the column says something else, it is said no more.
    """

    text_fields: ClassVar[tuple[str, ...]] = ()
    familiar_fields: ClassVar[tuple[str, ...]] = ()

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Raises ValidationError, by the name of the field, for signs that nobody sees or that turn a line round, as
        sentences do (`validation`). Lines of a text may end."""
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
        """Each column that is said in *tu*; then, for each language but the source one, each that is translated."""
        familiar = [(languages.source(), _in_tu(part)) for part in cls.familiar_fields]
        return [*familiar, *((language, part) for language in languages.others() for part in cls.text_fields)]

    @classmethod
    def text_name(cls, language: str, part: str) -> str:
        """The name of the field of this text in forms."""
        return part if language == languages.source() else f"{part}_{language}"

    @classmethod
    def text_label(cls, language: str, part: str) -> str:
        """The label of the field of this text in forms, in French."""
        voice = "en tutoyant" if language == languages.source() else in_words(language)
        return f"{cls.column(part).verbose_name} {voice}"

    @classmethod
    def follows(cls, place: tuple[str, str]) -> bool:
        """All of them follow a column."""
        return super().follows(place) or place[1] in map(_in_tu, cls.familiar_fields)

    @classmethod
    def text_limit(cls, part: str) -> int | None:
        """The longest that a text may be, in characters; None when its column says none."""
        limit: int | None = cls.column(part).max_length
        return limit

    def source_of(self, language: str, part: str) -> str:
        """The French that a translation translates, or that is said in *tu*."""
        return one_line_end(getattr(self, part.removesuffix(_TU)))

    @classmethod
    def with_outdated(cls) -> models.Q:
        """Selects the rows that `outdated` says something of."""
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
        """The column that this part translates or says in *tu*."""
        return cls._meta.get_field(part.removesuffix(_TU))

    def in_voice(self, familiar: bool) -> Self:
        """Say *tu* from now on, where there is such a text."""
        self.__dict__["_familiar"] = familiar
        return self

    def said(self, part: str) -> str:
        """The text of this column in the active language and the voice of `in_voice`; in the source language where it
        is not translated."""
        language = languages.current()
        own: str = getattr(self, part)
        if language != languages.source():
            return self.texts.get((language, part)) or own
        if part not in self.familiar_fields or not self.__dict__.get("_familiar"):
            return own
        place = (language, _in_tu(part))
        before = self.sources.get(place)
        # What somebody changed since would tell one reader another law or another number than all others.
        return self.texts.get(place, own) if before == self.source_of(*place) else own

    @classmethod
    def to_be_read(cls, *, familiar: bool = False) -> models.QuerySet[Self]:
        """All rows with what the active language and this voice need: one query, and a second one in *tu* and in
        another language than the source's."""
        rows = cls._default_manager.all()
        is_whole = languages.current() == languages.source() and not (familiar and cls.familiar_fields)
        return rows if is_whole else rows.prefetch_related("text_rows")


def one_line_end(text: str) -> str:
    """The same text whether a browser sent it, with two signs at the end of each line, or not."""
    return text.replace("\r\n", "\n")


# --- a value of a row by its name: of a field, or of a text ----------------------------------------------------------


def values_of(row: models.Model) -> dict[str, str]:
    """The texts of any row by their names; nothing for a model without texts of this kind."""
    return row.named_texts() if isinstance(row, WithTexts) else {}


def place_of(model: type[models.Model], name: str) -> tuple[str, str] | None:
    """The language and part of the text of this name; None when it is the name of something else."""
    return model.text_places().get(name) if issubclass(model, WithTexts) else None


def label_of(model: type[models.Model], name: str) -> str:
    """What a form calls this text or this field; the name itself for neither, as of a language that went."""
    place = place_of(model, name)
    if place is not None:
        return str(model.text_label(*place))  # type: ignore[attr-defined]
    try:
        return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return name


def in_words(language: str) -> str:
    """« en anglais »: how a label says which language it is for; nothing for the source language."""
    return "" if language == languages.source() else f"en {languages.name(language)}"
