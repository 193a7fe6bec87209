"""These are the contents that an administrator edits, and what visitors say of the service."""

import uuid
from datetime import date, datetime, timedelta
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from common import encryption
from common.dates import format_date
from common.service_settings import definitions, values
from common.texts.help_numbers import Number
from common.texts.spoken import Spoken
from common.texts.text_rows import TextRow, Translated
from common.texts.typography import keep_together
from pnav.pages import markup

FEEDBACK_MAX_LENGTH = 1000  # characters
LONGEST_ANNOUNCEMENT = timedelta(days=90)  # our own choice: what holds for longer is a content


def beginning_of_today() -> datetime:
    """Return the midnight with which today began in Paris (`settings.TIME_ZONE`)."""
    now = timezone.localtime(timezone=timezone.get_default_timezone())
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def overdue_filter(today: date) -> Q:
    """Return the condition of facts that nobody verified, or not within `definitions.REVIEW`."""
    return Q(verified_on=None) | Q(verified_on__lt=today - values.get_duration(definitions.REVIEW))


class Verified(models.Model):
    """It is a fact that is shown to the public, with its source and when somebody last verified it."""

    verified_on = models.DateField(_("vérifié le"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=300, blank=True)
    doubt = models.TextField(_("doute"), blank=True, help_text=_("Ce qui reste à vérifier. Jamais affiché au public."))

    class Meta:
        abstract = True

    def is_overdue(self, today: date) -> bool:
        """Return whether nobody has verified it for longer than the service allows."""
        return self.verified_on is None or self.verified_on < today - values.get_duration(definitions.REVIEW)


class HelpNumber(Verified, Translated):
    """It is a telephone number of an emergency or help service. Unknown hours are left empty, never guessed."""

    text_fields = ("label", "audience", "hours", "written")
    familiar_fields = ("audience", "written")

    class Use(models.TextChoices):
        CALL = "call", _("appel")
        TEXT = "text", _("SMS")

    number = models.CharField(
        _("numéro"),
        max_length=20,
        unique=True,
        validators=[RegexValidator(r"^[0-9 ]+$", _("Des chiffres et des espaces seulement."))],
    )
    use = models.CharField(_("usage"), max_length=10, choices=Use, default=Use.CALL)
    has_link = models.BooleanField(
        _("avec un lien"),
        default=True,
        db_default=True,
        help_text=_("Décoché : le numéro se lit sans lien, tant qu'aucune source ne dit s'il s'appelle ou s'y écrit."),
    )
    name = models.CharField(
        _("nom dans les phrases"),
        max_length=40,
        unique=True,
        null=True,
        blank=True,
        help_text=_("Les phrases de Pnav qui disent ce numéro l'écrivent par ce nom : il suit ce qui est ici."),
    )
    label = models.CharField(_("nom"), max_length=120)
    audience = models.CharField(_("pour qui"), max_length=200)
    hours = models.CharField(_("horaires"), max_length=120, blank=True)
    written = models.CharField(
        _("par écrit"),
        max_length=300,
        blank=True,
        db_default="",
        default="",
        help_text=_(
            "Tchat, application, SMS ou formulaire, pour qui ne peut pas parler. [texte](adresse) fait un lien."
        ),
    )
    is_free = models.BooleanField(_("gratuit"), default=False)
    is_emergency = models.BooleanField(_("urgence"), default=False)
    order = models.PositiveSmallIntegerField(_("ordre"), default=100)

    class Meta:
        verbose_name = _("numéro d'aide")
        verbose_name_plural = _("numéros d'aide")
        ordering = ["order", "number"]

    def __str__(self) -> str:
        return f"{self.number} – {self.label}"

    @property
    def href(self) -> str:
        """Return the address that a telephone dials or writes to; empty when it is not known which of the two."""
        if not self.has_link:
            return ""
        scheme = "sms" if self.use == self.Use.TEXT else "tel"
        return f"{scheme}:{self.number.replace(' ', '')}"

    @property
    def shown_label(self) -> str:
        """Return the label in the active language, with spaces that keep a line together."""
        return keep_together(self.said("label"))

    @property
    def shown_audience(self) -> str:
        """Return for whom the number is, in the active language."""
        return keep_together(self.said("audience"))

    @property
    def shown_hours(self) -> str:
        """Return the hours, in the active language."""
        return keep_together(self.said("hours"))

    @property
    def written_html(self) -> SafeString:
        """Return how to reach the service without speaking, with its links; empty where no way is known."""
        return markup.line_to_html(self.said("written"))


class HelpNumberText(TextRow):
    """It is one text of a help number, in one language."""

    owner = models.ForeignKey(HelpNumber, on_delete=models.DB_CASCADE, related_name="text_rows")

    class Meta(TextRow.Meta):
        constraints = [models.UniqueConstraint(fields=["owner", "language", "part"], name="pages_one_text_of_a_number")]


def numbers_by_name() -> dict[str, Number]:
    """Read the numbers that sentences name, as the administrators keep them: one query."""
    named = HelpNumber.objects.exclude(name=None).only("name", "number", "use", "has_link")
    return {str(number.name): Number(number.number, number.href) for number in named}


class ContentBlock(Verified, Translated):
    """It is a section of one of the pages of information. `slug` is its anchor, which is unique over all pages."""

    text_fields = ("title", "body")
    familiar_fields = ("title", "body")

    class Page(models.TextChoices):
        HOME = "home", _("Accueil")
        LAW = "law", _("La loi")
        REMOVAL = "removal", _("Faire retirer un contenu")
        NUMBERS = "numbers", _("Les numéros")
        MINORS = "minors", _("Moins de 18 ans")
        MINORS_SIMPLE = "minors_simple", _("Moins de 18 ans, en plus simple")
        PROFESSIONALS = "professionals", _("Professionnels")

    page = models.CharField(_("page"), max_length=20, choices=Page, default=Page.HOME, db_default=Page.HOME)
    slug = models.SlugField(_("ancre"), unique=True)
    title = models.CharField(_("titre"), max_length=150)
    body = models.TextField(_("texte"), help_text=markup.HELP, max_length=markup.MAX_LENGTH)
    order = models.PositiveSmallIntegerField(_("ordre"), default=100)

    class Meta:
        verbose_name = _("contenu")
        verbose_name_plural = _("contenus")
        ordering = ["order", "slug"]

    def __str__(self) -> str:
        return self.title

    @property
    def shown_title(self) -> str:
        """Return the title in the active language, with spaces that keep a line together."""
        return keep_together(self.said("title"))

    @property
    def html(self) -> SafeString:
        """Return the text as HTML, in which everything is escaped but the few marks of `markup`."""
        return markup.to_html(self.said("body"))


class ContentText(TextRow):
    """It is one text of a section, in one language."""

    owner = models.ForeignKey(ContentBlock, on_delete=models.DB_CASCADE, related_name="text_rows")

    class Meta(TextRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["owner", "language", "part"], name="pages_one_text_of_a_content")
        ]


class RemovalPlatform(Verified, Translated):
    """It is a site where one asks that a content be removed, or somebody who helps with it.

    A row is shown once somebody has verified what it states (`to_be_shown`). Its doubt says what it leaves out, and
    does not weaken what is stated. Texts say neither *vous* nor *tu*, because readers of both kinds see them.
    """

    text_fields = ("where", "conditions")

    class Kind(models.TextChoices):
        NETWORK = "network", _("Réseaux sociaux")
        MESSENGER = "messenger", _("Messageries")
        GAME = "game", _("Jeux")
        SEARCH = "search", _("Moteurs de recherche")
        HOST = "host", _("Sites et hébergeurs")
        HELP = "help", _("Qui peut aider")

    class Audience(models.TextChoices):
        EVERYBODY = "everybody", _("Tout le monde")
        ADULT = "adult", _("18 ans ou plus")
        MINOR = "minor", _("Moins de 18 ans")

    slug = models.SlugField(_("clé"), unique=True)
    name = models.CharField(_("nom"), max_length=60)
    kind = models.CharField(_("sorte"), max_length=20, choices=Kind)
    url = models.URLField(_("page officielle"), max_length=300, blank=True)
    where = models.TextField(_("où demander"), help_text=markup.HELP, max_length=1000, blank=True)
    conditions = models.TextField(_("conditions"), help_text=markup.HELP, max_length=1000, blank=True)
    audience = models.CharField(
        _("pour qui (qui peut aider)"), max_length=20, choices=Audience, default=Audience.EVERYBODY
    )
    is_for_images = models.BooleanField(_("pour une image intime seulement"), default=False)
    order = models.PositiveSmallIntegerField(_("ordre"), default=100)

    class Meta:
        verbose_name = _("plateforme (retrait)")
        verbose_name_plural = _("plateformes (retrait)")
        ordering = ["order", "slug"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.verified_on is not None and not self.where:
            raise ValidationError({"where": _("Dites où demander avant de dire que c'est vérifié.")})
        if self.url and not self.url.startswith("https://"):
            raise ValidationError({"url": _("L'adresse commence par https://.")})

    @classmethod
    def to_be_shown(cls) -> models.QuerySet[Self]:
        """Return what visitors are shown: verified rows that say something, with what the active language needs."""
        return cls.to_be_read().exclude(verified_on=None).exclude(where="")

    @property
    def where_html(self) -> SafeString:
        """Return where to ask, in the active language, as HTML (`markup.to_html`)."""
        return markup.to_html(self.said("where"))

    @property
    def conditions_html(self) -> SafeString:
        """Return what is asked there, in the active language, as HTML (`markup.to_html`)."""
        return markup.to_html(self.said("conditions"))


class RemovalPlatformText(TextRow):
    """It is one text of a platform of the removal kit, in one language."""

    owner = models.ForeignKey(RemovalPlatform, on_delete=models.DB_CASCADE, related_name="text_rows")

    class Meta(TextRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["owner", "language", "part"], name="pages_one_text_of_a_platform")
        ]


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    """Announcements, by whether they are shown at a moment."""

    def not_over(self, now: datetime) -> "AnnouncementQuerySet":
        """Select announcements that are shown now or later."""
        return self.filter(ends_at__gt=now, ended_at=None)


class Announcement(Spoken):
    """It is a banner above pages, between two moments.

    It can be ended early but never changed, because whoever agreed to it agreed to these words.
    """

    class Audience(models.TextChoices):
        STAFF = "staff", _("l'équipe")
        VISITORS = "visitors", _("les personnes qui viennent sur le site")
        BOTH = "both", _("tout le monde")

    class Level(models.TextChoices):
        INFO = "info", _("information")
        WARNING = "warning", _("attention")

    audience = models.CharField(_("pour qui"), max_length=10, choices=Audience, default=Audience.STAFF)
    level = models.CharField(_("niveau"), max_length=10, choices=Level, default=Level.INFO)
    starts_at = models.DateTimeField(_("début"), default=timezone.now)
    ends_at = models.DateTimeField(_("fin"), help_text=_("90 jours au plus après le début."))
    ended_at = models.DateTimeField(_("retirée le"), null=True, blank=True, editable=False)

    objects: ClassVar[models.Manager["Announcement"]] = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = _("annonce")
        verbose_name_plural = _("annonces")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at"), ends_at__lte=F("starts_at") + LONGEST_ANNOUNCEMENT),
                name="announcement_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return self.source_of("", "")[:80] or str(_("annonce"))

    def clean(self) -> None:
        """Refuse an announcement without a text or with wrong times. Raises ValidationError, by field."""
        super().clean()
        wrong: dict[str, ValidationError] = {}
        if not self.source_of("", ""):
            wrong["vous"] = ValidationError(_("Écrivez ce que l'annonce dit."))
        if self.starts_at is not None and self.ends_at is not None:
            if self.ends_at <= max(self.starts_at, timezone.now()):
                wrong["ends_at"] = ValidationError(_("Choisissez une fin après le début, et à venir."))
            elif self.ends_at > self.starts_at + LONGEST_ANNOUNCEMENT:
                wrong["ends_at"] = ValidationError(_("90 jours au plus : ce qui dure est un contenu."))
        if wrong:
            raise ValidationError(wrong)


class AnnouncementText(TextRow):
    owner = models.ForeignKey(Announcement, on_delete=models.DB_CASCADE, related_name="text_rows")

    class Meta(TextRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["owner", "language", "part"], name="pages_one_text_of_an_announcement")
        ]


class Feedback(models.Model):
    """It is what a visitor says of the service. Nothing links it to a person, a visit or a conversation.

    The text is encrypted, like a message, because people write more in it than they are asked for. It is bound to
    `place`. `created_at` is the day alone, as its midnight: its link stands on the page of the end, so that with an
    hour the exchange that ended just before would be named, and the opinion outlives it.
    """

    SEALED = ("sealed_text",)

    class Rating(models.TextChoices):
        YES = "yes", _("Oui")
        PARTLY = "partly", _("En partie")
        NO = "no", _("Non")

    class Page(models.TextChoices):
        HOME = "home", _("La page d'accueil")
        ORIENTATION = "orientation", _("Les questions d'orientation")
        RECEPTION_POINT = "reception_point", _("La recherche du point d'accueil")
        CHAT = "chat", _("Le tchat")
        OTHER = "other", _("Autre chose")

    rating = models.CharField(_("le service a-t-il aidé"), max_length=10, choices=Rating)
    page = models.CharField(_("sujet"), max_length=20, choices=Page, default=Page.OTHER)
    place = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sealed_text = models.BinaryField(null=True, editable=False)  # None means that nothing was written
    created_at = models.DateTimeField(_("reçu le"), default=beginning_of_today, db_index=True)

    class Meta:
        verbose_name = _("avis")
        verbose_name_plural = _("avis")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(_("Avis du %(day)s") % {"day": format_date(timezone.localtime(self.created_at), "DATE_FORMAT")})

    @property
    def context(self) -> str:
        """Return the context to which the sealed text is bound."""
        return f"feedback:{self.place}"

    @property
    def text(self) -> str:
        """Return the text, empty when nothing was written. Raises encryption.UnsealError when no key opens it."""
        return encryption.unseal(self.sealed_text, context=self.context) if self.sealed_text is not None else ""
