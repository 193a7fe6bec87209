"""These tables say where: communes, their postal codes, the units that receive the public, and their partners."""

import re
from datetime import datetime
from urllib.parse import urlencode

from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from locations import hours


def _pair(*, name: str, latitude: str = "latitude", longitude: str = "longitude") -> models.CheckConstraint:
    """Return the constraint that latitude and longitude are both there or neither, on Earth, and not 0,0."""
    return models.CheckConstraint(
        name=name,
        condition=(
            Q(**{f"{latitude}__isnull": True, f"{longitude}__isnull": True})
            | Q(
                **{
                    f"{latitude}__isnull": False,
                    f"{longitude}__isnull": False,
                    f"{latitude}__range": (-90, 90),
                    f"{longitude}__range": (-180, 180),
                }
            )
            & ~Q(**{latitude: 0, longitude: 0})
        ),
    )


def _week(*, name: str) -> models.CheckConstraint:
    """Return the constraint that opening hours are unknown (NULL) or an object: never a JSON null, list or text."""
    kind = Func(F("opening_hours"), function="jsonb_typeof", output_field=models.TextField())
    return models.CheckConstraint(name=name, condition=Q(opening_hours__isnull=True) | Q(Exact(kind, Value("object"))))


class Force(models.TextChoices):
    """It is the force that answers for a place. A commune depends on one, and some on both (Arles)."""

    POLICE = "police", _("Police nationale")
    GENDARMERIE = "gendarmerie", _("Gendarmerie nationale")


class Zone(models.TextChoices):
    """It is the zone, in which the State's usual rules hold as they are, or are adapted."""

    METRO = "metro", _("Métropole")
    DROM = "drom", _("Département ou région d'outre-mer")
    COM = "com", _("Collectivité d'outre-mer")


class Precision(models.TextChoices):
    """It is how a position was obtained. A better one is never replaced by a worse one."""

    EXACT = "exact", _("Source officielle")
    TOWN = "town", _("Centre de la ville (GeoNames)")
    APPROXIMATE = "approximate", _("Approximative : communes du même code postal")
    NONE = "", _("Inconnue")


EXACT_POSITIONS = frozenset({Precision.EXACT.value, Precision.TOWN.value})


class Source(models.TextChoices):
    """It is the source of a unit, a competence or a partner. `importing.contacts.RANKS` says which prevails."""

    DEMO = "demo", _("Démonstration, saisi à la main")
    DILA = "dila", _("DILA – Service-public.fr")
    MINISTRY = "ministry", _("Ministère de l'Intérieur")
    MINISTRY_HOURS = "ministry_hours", _("Ministère de l'Intérieur, avec horaires")
    COMPETENCE = "competence", _("Ministère de l'Intérieur, compétence territoriale (nom seul)")
    HAND = "hand", _("Saisi à la main")


class Municipality(models.Model):
    """It is a commune, or an arrondissement of Paris, Lyon or Marseille (Insee, Code officiel géographique)."""

    class Kind(models.TextChoices):
        MUNICIPALITY = "commune", _("Commune")
        ARRONDISSEMENT = "arrondissement", _("Arrondissement municipal")

    insee_code = models.CharField(_("code INSEE"), max_length=5, primary_key=True)
    name = models.CharField(_("nom"), max_length=100)
    kind = models.CharField(_("type"), max_length=20, choices=Kind, default=Kind.MUNICIPALITY)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="arrondissements", verbose_name=_("commune entière")
    )
    department_code = models.CharField(_("code du département"), max_length=3, db_index=True)
    department_name = models.CharField(_("département"), max_length=60)
    department_search = models.CharField(_("département, forme de recherche"), max_length=60, db_index=True)
    region_code = models.CharField(_("code de la région"), max_length=3)
    region_name = models.CharField(_("région"), max_length=60)
    zone = models.CharField(_("zone"), max_length=5, choices=Zone)
    population = models.PositiveIntegerField(_("population"), null=True, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    precision = models.CharField(
        _("précision de la position"), max_length=11, choices=Precision, default=Precision.NONE, blank=True
    )

    class Meta:
        verbose_name = _("commune")
        verbose_name_plural = _("communes")
        ordering = ["name", "department_code"]
        constraints = [
            models.CheckConstraint(
                name="municipality_insee_code_shape", condition=Q(insee_code__regex=r"^(\d[0-9AB]|9[78])\d{3}$")
            ),
            models.CheckConstraint(
                name="municipality_arrondissement_has_parent",
                condition=Q(kind="commune", parent__isnull=True) | Q(kind="arrondissement", parent__isnull=False),
            ),
            models.CheckConstraint(
                name="municipality_precision_with_position",
                condition=Q(latitude__isnull=True, precision="") | Q(latitude__isnull=False) & ~Q(precision=""),
            ),
            _pair(name="municipality_position"),
        ]
        indexes = [
            # It finds the towns to propose first in a département, when only the département is known.
            models.Index("department_code", F("population").desc(nulls_last=True), name="municipality_towns"),
            # It finds the largest communes of a beginning that thousands have (« saint »), without reading them all.
            models.Index(F("population").desc(nulls_last=True), name="municipality_largest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.department_code})"

    @property
    def is_overseas(self) -> bool:
        """Return whether the commune lies outside of metropolitan France, where other numbers and hours hold."""
        return self.zone != Zone.METRO

    @property
    def has_exact_position(self) -> bool:
        """Return whether a distance from here may be shown as it is, and not as « environ »."""
        return self.precision in EXACT_POSITIONS


class PlaceName(models.Model):
    """It is a name that leads to a commune: its own, a former commune's, or that of a place with its CEDEX there."""

    class Kind(models.TextChoices):
        CURRENT = "current", _("Nom actuel")
        DELEGATED = "delegated", _("Commune déléguée")
        ASSOCIATED = "associated", _("Commune associée")
        LOCALITY = "locality", _("Lieu-dit ou ancienne commune (La Poste)")
        CEDEX = "cedex", _("Libellé CEDEX")

    municipality = models.ForeignKey(
        Municipality, models.CASCADE, related_name="place_names", verbose_name=_("commune")
    )
    name = models.CharField(_("nom"), max_length=100)
    search = models.CharField(_("forme de recherche"), max_length=100)
    kind = models.CharField(_("type"), max_length=10, choices=Kind)

    class Meta:
        verbose_name = _("nom de lieu")
        verbose_name_plural = _("noms de lieux")
        constraints = [
            models.UniqueConstraint(fields=["municipality", "search"], name="place_name_once"),
            models.CheckConstraint(name="place_name_searchable", condition=~Q(search="")),
        ]
        indexes = [
            models.Index(fields=["search"], name="place_name_search", opclasses=["varchar_pattern_ops"]),
            # It has no fastupdate: after an import every misspelt search would read the whole pending list.
            GinIndex(fields=["search"], name="place_name_trigrams", opclasses=["gin_trgm_ops"], fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.name


class PostalCode(models.Model):
    """It is a postal code (La Poste, DILA) that leads to a commune. Codes and communes are many to many."""

    class Kind(models.TextChoices):
        ORDINARY = "postal", _("Code postal")
        CEDEX = "cedex", _("Code CEDEX")

    code = models.CharField(_("code postal"), max_length=5)
    municipality = models.ForeignKey(
        Municipality, models.CASCADE, related_name="postal_codes", verbose_name=_("commune")
    )
    kind = models.CharField(_("type"), max_length=6, choices=Kind, default=Kind.ORDINARY)
    label = models.CharField(_("libellé"), max_length=80, blank=True)
    is_approximate = models.BooleanField(_("commune de l'organisme seulement"), default=False)

    class Meta:
        verbose_name = _("code postal")
        verbose_name_plural = _("codes postaux")
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["code", "municipality"], name="postal_code_once"),
            models.CheckConstraint(name="postal_code_shape", condition=Q(code__regex=r"^\d{5}$")),
        ]
        indexes = [models.Index(fields=["code"], name="postal_code_prefix", opclasses=["varchar_pattern_ops"])]

    def __str__(self) -> str:
        return self.code


# A French number with its prefix, another one with its own, or ten digits; then a short one (« 3919 », « 116 006 »).
# The digits of one number stand beside one another or with signs between two: two signs at most where it is known how
# many digits there are (« (01) 23/45 »), otherwise one.
_NUMBERS = (
    re.compile(r"(?:\+|\b00)33(?:\W{0,2}\d){9}|(?:\+|\b00)\d(?:[\s.-]?\d){5,13}|\b0(?:\W{0,2}\d){9}"),
    re.compile(r"\d(?:[\s.]?\d)*"),
)
# The zero that is not dialled after a prefix: « +33 (0) 1 23 45 67 89 ».
_ZERO_AFTER_PREFIX = re.compile(r"((?:\+|\b00)\d{1,3})\s?\(0\)\s?")


class Contact(models.Model):
    """It has the fields that units and partners share, with whether a person edited them and when one checked them."""

    name = models.CharField(_("nom"), max_length=200)
    address = models.CharField(_("adresse (voie)"), max_length=255, blank=True)
    postal_code = models.CharField(_("code postal"), max_length=5, blank=True)
    town = models.CharField(_("ville"), max_length=100, blank=True)
    telephone = models.CharField(_("téléphone"), max_length=40, blank=True)
    url = models.URLField(_("site internet"), max_length=500, blank=True)
    municipality = models.ForeignKey(
        Municipality, models.SET_NULL, null=True, blank=True, related_name="%(class)ss", verbose_name=_("commune")
    )
    department_code = models.CharField(_("code du département"), max_length=3, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    opening_hours = models.JSONField(
        _("horaires"),
        null=True,
        blank=True,
        help_text=_(
            "Vide : horaires inconnus. Sinon, pour chaque jour, ses plages dans l'ordre ; [] : fermé ; 24:00 : minuit. "
            "Les jours : mon (lundi), tue (mardi), wed (mercredi), thu (jeudi), fri (vendredi), sat (samedi), "
            "sun (dimanche), holidays (jours fériés). Exemple, ouvert le lundi matin et après-midi, fermé le samedi : "
            '{"mon": [["08:00", "12:00"], ["14:00", "18:00"]], "sat": []}'
        ),
    )
    source = models.CharField(_("source"), max_length=14, choices=Source, default=Source.HAND)
    edited_by_hand = models.BooleanField(
        _("modifié à la main"), default=False, help_text=_("Les importations ne touchent plus à cette fiche.")
    )
    verified_on = models.DateField(_("vérifié le"), null=True, blank=True)
    updated_at = models.DateTimeField(_("mis à jour le"), auto_now=True)

    class Meta:
        abstract = True

    @property
    def telephone_uri(self) -> str:
        """Return the first number as a `tel:` link dials it; it is empty when there is none.

        Old rows hold two numbers, or an extension after one: « 01 23 45 67 89 ou 01 98 76 54 32 ».
        """
        written = _ZERO_AFTER_PREFIX.sub(r"\1 ", self.telephone)
        found = next((found for number in _NUMBERS if (found := number.search(written))), None)
        return "tel:" + re.sub(r"[^\d+]", "", found[0]) if found else ""

    @property
    def itinerary_url(self) -> str:
        """Return a page of OpenStreetMap that leads there; it is empty when no address and no position is known.

        A demonstration row stands at its town's centre: only its address may be looked for.
        """
        if self.latitude is not None and self.longitude is not None and self.source != Source.DEMO:
            return "https://www.openstreetmap.org/directions?" + urlencode({"to": f"{self.latitude},{self.longitude}"})
        if self.address:
            return "https://www.openstreetmap.org/search?" + urlencode({"query": ", ".join(self.address_lines)})
        return ""

    @property
    def is_example(self) -> bool:
        """Return whether it came with the demonstration: nobody may go there on its word."""
        return self.source == Source.DEMO

    @property
    def hours_in_words(self) -> list[hours.Line]:
        """Tell the opening hours; the list is empty when they are not known."""
        return hours.describe(self.opening_hours) if self.opening_hours else []

    def opening_at(self, moment: datetime) -> hours.Opening | None:
        """Say whether it is open at a moment, in its own local time; None when its hours are not known."""
        if not self.opening_hours:
            return None
        return hours.opening_at(self.opening_hours, moment, department_code=self.department_code)

    def open_seconds(self, start: datetime, end: datetime, *, at_most: float) -> float | None:
        """Return for how long it was open between two moments (`hours.open_seconds`); None when its hours are not
        known."""
        if not self.opening_hours:
            return None
        return hours.open_seconds(self.opening_hours, start, end, department_code=self.department_code, at_most=at_most)

    @property
    def address_lines(self) -> list[str]:
        """Return the postal address, one line an item; the list is empty when it is not known."""
        return [line for line in (self.address, f"{self.postal_code} {self.town}".strip()) if line]


class ReceptionPoint(Contact):
    """It is a police station or a gendarmerie brigade that receives the public."""

    force = models.CharField(_("force"), max_length=11, choices=Force)
    # Names change between editions and public ids are shared, empty or « 0 »: see `importing.contacts.unit_key`.
    key = models.CharField(_("clé d'importation"), max_length=255, unique=True)
    public_id = models.CharField(_("identifiant du ministère"), max_length=20, blank=True, db_index=True)
    dila_id = models.CharField(_("identifiant DILA"), max_length=60, blank=True, db_index=True)
    municipalities = models.ManyToManyField(
        Municipality, through="Competence", related_name="competent_units", verbose_name=_("communes de sa compétence")
    )

    class Meta:
        verbose_name = _("point d'accueil")
        verbose_name_plural = _("points d'accueil")
        ordering = ["name"]
        constraints = [
            _pair(name="reception_point_position"),
            _week(name="reception_point_hours"),
            models.CheckConstraint(name="reception_point_force", condition=Q(force__in=["police", "gendarmerie"])),
            models.CheckConstraint(name="reception_point_named", condition=~Q(name="")),
        ]
        indexes = [
            models.Index(fields=["department_code", "force"], name="reception_point_department"),
            # It finds the nearest neighbours in one index scan; the order in degrees is made exact afterwards.
            GistIndex(Func(F("longitude"), F("latitude"), function="point"), name="reception_point_nearest"),
        ]

    def __str__(self) -> str:
        return self.name


class UnitAlias(models.Model):
    """It is another name of a unit, in another source: « Commissariat de police de Lyon » is the one of its 8e.

    `core` is `names.unit_core` of that name. Units are joined on name and département: Saint-Denis has a
    commissariat in 93 and one in 974.
    """

    force = models.CharField(_("force"), max_length=11, choices=Force)
    department_code = models.CharField(_("code du département"), max_length=3)
    core = models.CharField(_("nom, forme de recherche"), max_length=200)
    reception_point = models.ForeignKey(
        ReceptionPoint, models.CASCADE, related_name="aliases", verbose_name=_("point d'accueil")
    )

    class Meta:
        verbose_name = _("autre nom d'un point d'accueil")
        verbose_name_plural = _("autres noms des points d'accueil")
        constraints = [models.UniqueConstraint(fields=["force", "department_code", "core"], name="unit_alias_once")]

    def __str__(self) -> str:
        return f"{self.core} ({self.department_code})"


class Competence(models.Model):
    """A unit answers for a commune. A commune may have two: one of the police, and one of the gendarmerie.

    The source is the Ministère de l'Intérieur, « Compétence territoriale gendarmerie et police nationales ».
    """

    municipality = models.ForeignKey(
        Municipality, models.CASCADE, related_name="competences", verbose_name=_("commune")
    )
    reception_point = models.ForeignKey(
        ReceptionPoint, models.CASCADE, related_name="competences", verbose_name=_("point d'accueil")
    )
    source = models.CharField(_("source"), max_length=14, choices=Source, default=Source.HAND)
    edited_by_hand = models.BooleanField(
        _("modifié à la main"), default=False, help_text=_("Les importations ne retirent pas cette ligne.")
    )

    class Meta:
        verbose_name = _("compétence")
        verbose_name_plural = _("compétences")
        constraints = [models.UniqueConstraint(fields=["municipality", "reception_point"], name="competence_once")]

    def __str__(self) -> str:
        return f"{self.municipality_id} → {self.reception_point_id}"


class Partner(Contact):
    """It is a service that helps beside the police: victim help, legal information, courts, everyday procedures."""

    class Kind(models.TextChoices):
        VICTIM_HELP = "aav", _("Association d'aide aux victimes")
        VICTIM_OFFICE = "bav", _("Bureau d'aide aux victimes")
        WOMEN_RIGHTS = "cidf", _("Centre d'information sur les droits des femmes et des familles")
        COURT = "tgi", _("Tribunal judiciaire")
        LOCAL_COURT = "ti", _("Tribunal de proximité")
        JUVENILE_COURT = "te", _("Tribunal pour enfants")
        APPEAL_COURT = "cour_appel", _("Cour d'appel")
        COMPENSATION = "civi", _("Commission d'indemnisation des victimes d'infractions")
        JUSTICE_HOUSE = "mjd", _("Maison de justice et du droit")
        JUSTICE_POINT = "point_justice", _("Point-justice")
        LAW_ACCESS = "cdad", _("Conseil départemental de l'accès au droit")
        BAR = "ordre_avocats", _("Ordre des avocats")
        FRANCE_SERVICES = "france_services", _("Espace France services")
        PSYCHOLOGIST = "psychologist", _("Soutien psychologique")
        NATIONAL = "national", _("Numéro national")

    kind = models.CharField(_("type"), max_length=20, choices=Kind)
    key = models.CharField(_("clé d'importation"), max_length=120, unique=True)
    email = models.EmailField(_("courriel"), blank=True)
    hours_note = models.TextField(
        _("horaires, note de la source"),
        blank=True,
        help_text=_("Texte libre de la source : peut nommer des personnes. N'est jamais affiché tel quel."),
    )
    accessibility = models.CharField(_("accessibilité"), max_length=3, blank=True)
    presentation = models.CharField(_("présentation"), max_length=300, blank=True)
    telephone_hours = models.CharField(_("horaires du téléphone"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("partenaire")
        verbose_name_plural = _("partenaires")
        ordering = ["name"]
        constraints = [
            _pair(name="partner_position"),
            _week(name="partner_hours"),
            models.CheckConstraint(name="partner_named", condition=~Q(name="")),
            models.CheckConstraint(
                name="partner_local_has_department",
                condition=Q(kind="national") | ~Q(department_code=""),
            ),
        ]
        indexes = [models.Index(fields=["department_code", "kind"], name="partner_department")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Ask for the department of whoever helps in one. Raises ValidationError, beside the field."""
        super().clean()
        if self.kind and self.kind != self.Kind.NATIONAL and not self.department_code:
            words = _("Écrivez le code du département : seul un numéro national n'en a pas.")
            raise ValidationError({"department_code": words})

    @property
    def is_example(self) -> bool:
        """Return whether it came with the demonstration. National numbers are real, wherever they come from."""
        return super().is_example and self.kind != self.Kind.NATIONAL


class DataEdition(models.Model):
    """It is one source as it was last loaded, shown in the footer and in the admin."""

    source = models.CharField(_("source"), max_length=40, unique=True)
    title = models.CharField(_("titre"), max_length=200)
    publisher = models.CharField(_("producteur"), max_length=200)
    edition = models.CharField(_("édition"), max_length=60, blank=True)
    licence = models.CharField(_("licence"), max_length=100)
    url = models.URLField(_("adresse"), max_length=300, blank=True)
    file_name = models.CharField(_("fichier lu"), max_length=200, blank=True)
    sha256 = models.CharField(_("empreinte du fichier"), max_length=64, blank=True)
    rows_read = models.PositiveIntegerField(_("lignes lues"), default=0)
    rows_added = models.PositiveIntegerField(_("ajoutées"), default=0)
    rows_changed = models.PositiveIntegerField(_("modifiées"), default=0)
    rows_unchanged = models.PositiveIntegerField(_("inchangées"), default=0)
    rows_kept = models.PositiveIntegerField(_("gardées (modifiées à la main)"), default=0)
    rows_removed = models.PositiveIntegerField(_("retirées"), default=0)
    rows_refused = models.PositiveIntegerField(_("refusées"), default=0)
    loaded_at = models.DateTimeField(_("chargée le"))

    class Meta:
        verbose_name = _("édition des données")
        verbose_name_plural = _("éditions des données")
        ordering = ["publisher", "title"]

    def __str__(self) -> str:
        return self.title
