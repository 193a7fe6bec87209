"""Defines the service settings: what each number means, its default, its bounds and its source. Pure.

A number is a service setting when the people who run the service may want another one tomorrow. Technical numbers are
not (how long a lease runs, how a message is delivered), nor are numbers that the law sets or that are guarantees (who
may read what, how few people a published count may be of): docs/adr/0044. `common.service_settings.values` returns the
present value of a setting.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class Subject(TextChoices):
    """These are the groups of settings on the admin page."""

    QUEUE = "queue", _("Places et file d'attente")
    PROMISE = "promise", _("Promesse du service")
    BOARD = "board", _("Alertes du tableau de service")
    PAUSE = "pause", _("Pauses et retours promis")
    HANDOVER = "handover", _("Passer un échange, le suivre")
    CODE = "code", _("Code de reprise")
    RAID = "raid", _("Afflux de signalements")
    LIMIT = "limit", _("Limites contre l'abus")
    CARE = "care", _("Demandes et vérifications")


class Unit(StrEnum):
    """It is the unit that a number counts."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    PERCENT = "percent"
    PLACES = "places"
    AGENTS = "agents"
    TIMES = "times"
    REPORTS = "reports"
    OPINIONS = "opinions"
    CODES = "codes"
    FACTS = "facts"
    CAPTURES = "captures"
    DOCUMENTS = "documents"
    MEGABYTES = "megabytes"  # a megabyte here is 1,000,000 bytes


def _counted(unit: Unit, n: int) -> str:
    match unit:
        case Unit.SECONDS:
            return ngettext("%(n)s seconde", "%(n)s secondes", n)
        case Unit.MINUTES:
            return ngettext("%(n)s minute", "%(n)s minutes", n)
        case Unit.HOURS:
            return ngettext("%(n)s heure", "%(n)s heures", n)
        case Unit.DAYS:
            return ngettext("%(n)s jour", "%(n)s jours", n)
        case Unit.PERCENT:
            return "%(n)s %%"
        case Unit.PLACES:
            return ngettext("%(n)s place", "%(n)s places", n)
        case Unit.AGENTS:
            return ngettext("%(n)s agent", "%(n)s agents", n)
        case Unit.TIMES:
            return ngettext("%(n)s essai", "%(n)s essais", n)
        case Unit.REPORTS:
            return ngettext("%(n)s signalement", "%(n)s signalements", n)
        case Unit.OPINIONS:
            return ngettext("%(n)s avis", "%(n)s avis", n)
        case Unit.CODES:
            return ngettext("%(n)s code", "%(n)s codes", n)
        case Unit.FACTS:
            return ngettext("%(n)s fait", "%(n)s faits", n)
        case Unit.CAPTURES:
            return ngettext("%(n)s capture", "%(n)s captures", n)
        case Unit.DOCUMENTS:
            return ngettext("%(n)s document", "%(n)s documents", n)
        case Unit.MEGABYTES:
            return "%(n)s Mo"


MEGABYTE = 1_000_000  # bytes, as telephones count them

SECONDS: Mapping[Unit, int] = {Unit.SECONDS: 1, Unit.MINUTES: 60, Unit.HOURS: 3600, Unit.DAYS: 86400}


@dataclass(frozen=True, slots=True)
class Setting:
    """It is one service setting, which is a whole number.

    key: names its row and the lines of the register, and never changes. meaning: what the number is. effect: what is
    true with a value, a sentence with « %(value)s » for the number and its unit. least, most: bounds, both allowed.
    source: why this is the default. setting: the Django setting (of the same environment variable) with another
    default; setting_seconds: whether that counts seconds, whatever the unit.
    """

    key: str
    subject: Subject
    label: Promise
    effect: Promise
    unit: Unit
    default: int
    least: int
    most: int
    source: Promise
    setting: str = ""
    setting_seconds: bool = False

    def words(self, value: int) -> str:
        """Return a value with its unit, in words: « 5 minutes »."""
        return _counted(self.unit, value) % {"n": value}

    def says(self, value: int) -> str:
        """Return the sentence that is true with this value."""
        return str(self.effect) % {"value": self.words(value)}

    def span(self, value: int) -> timedelta:
        """Return a value as a duration. Raises KeyError unless its unit is one of time."""
        return timedelta(seconds=value * SECONDS[self.unit])

    def fits(self, value: int) -> bool:
        """Return whether a value is within the bounds of the setting."""
        return self.least <= value <= self.most


OURS = _("choix du service")
PROMISED_BY_SERVICE = _("objectif du service : 95 % des personnes")

# --- places and queue -------------------------------------------------------------------------------------------------

CAPACITY_FIRST = Setting(
    "capacity_first", Subject.QUEUE, _("Places d'un nouvel agent"),
    _("Un agent ajouté désormais commence avec %(value)s ; ceux qui existent gardent les leurs."),
    Unit.PLACES, 3, 1, 10, OURS,
)  # fmt: skip
CAPACITY_MOST = Setting(
    "capacity_most", Subject.QUEUE, _("Places qu'un agent peut choisir, au plus"),
    _("Un agent ne choisit pas plus de %(value)s. Qui en a davantage les garde jusqu'à son prochain choix."),
    Unit.PLACES, 10, 1, 10, _("10 au plus : au-delà, personne ne peut suivre"),
)  # fmt: skip
CRITICAL_WEIGHT = Setting(
    "critical_weight", Subject.QUEUE, _("Places que prend un échange critique"),
    _("Un échange critique ouvert désormais prend %(value)s, sauf si son agent en décide autrement. Une pause est "
      "proposée à la fin de ceux qui en prennent deux."),
    Unit.PLACES, 2, 1, 2, _("choix du service : il demande la force de deux"),
)  # fmt: skip
OVERFLOW = Setting(
    "overflow_seconds", Subject.QUEUE, _("Attente de la force de la zone"),
    _("Après %(value)s, l'autre force peut répondre ; aussitôt en urgence, ou si personne de cette force n'est là."),
    Unit.SECONDS, 60, 0, 900, OURS, setting="OVERFLOW_SECONDS",
)  # fmt: skip
AVERAGE_LENGTH = Setting(
    "average_minutes", Subject.QUEUE, _("Durée moyenne d'un échange"),
    _("La fourchette d'attente montrée aux personnes compte %(value)s par échange."),
    Unit.MINUTES, 55, 5, 240, _("Le Parisien, 05/10/2021"), setting="AVERAGE_CONVERSATION_MINUTES",
)  # fmt: skip
PLACE_KEPT = Setting(
    "place_kept_minutes", Subject.QUEUE, _("Place promise à qui perd sa connexion"),
    _("Une personne qui attend et disparaît reste dans la file %(value)s au moins."),
    Unit.MINUTES, 5, 5, 120, _("promis aux personnes : cinq minutes au moins"),
)  # fmt: skip
ABANDONED = Setting(
    "abandoned_minutes", Subject.QUEUE, _("Personne comptée comme partie"),
    _("Une personne qui attend et n'est plus vue sort de la file après %(value)s ; si elle revient, elle a sa place."),
    Unit.MINUTES, 30, 5, 1440, OURS, setting="ABANDON_SECONDS", setting_seconds=True,
)  # fmt: skip
ASLEEP = Setting(
    "asleep_minutes", Subject.QUEUE, _("Page en veille : le tour est gardé"),
    _("Une personne dont la page a dit qu'elle passait hors de vue garde son tour %(value)s sans être vue."),
    Unit.MINUTES, 10, 2, 60, OURS,
)  # fmt: skip
WOKEN = Setting(
    "woken_minutes", Subject.QUEUE, _("Page en veille : attente quand vient son tour"),
    _("Quand vient le tour d'une page en veille, son agent l'attend %(value)s ; ensuite la personne suivante passe, et "
      "celle qui se réveille a toujours sa place."),
    Unit.MINUTES, 2, 2, 15, OURS,
)  # fmt: skip
DORMANT = Setting(
    "dormant_minutes", Subject.QUEUE, _("Personne absente : l'échange est mis en veille"),
    _("Un échange dont la personne n'est plus là depuis %(value)s, et à qui l'on a répondu, est mis en veille : il "
      "reste à son agent et ne prend plus de place."),
    Unit.MINUTES, 10, 5, 240, OURS,
)  # fmt: skip
DORMANT_MOST = Setting(
    "dormant_places", Subject.QUEUE, _("Places que des échanges en veille libèrent chez un agent, au plus"),
    _("Chez un agent, des échanges en veille libèrent %(value)s au plus : si toutes leurs personnes reviennent, il a "
      "cela de plus que ses places. Zéro : aucun échange n'est mis en veille."),
    Unit.PLACES, 2, 0, 4, _("choix du service : au pire, deux personnes de plus que de places (ADR 0086)"),
)  # fmt: skip
PLACE_WITH_CODE = Setting(
    "place_with_code_minutes", Subject.QUEUE, _("Place gardée à qui a pris un code de reprise"),
    _("Une personne qui attend et part avec un code de reprise reste dans la file %(value)s ; personne ne l'attend "
      "pendant ce temps."),
    Unit.MINUTES, 60, 30, 1440, _("promis aux personnes : trente minutes au moins"),
)  # fmt: skip
OTHER_DOORS = Setting(
    "other_doors_minutes", Subject.QUEUE, _("Attente à partir de laquelle d'autres aides sont proposées"),
    _("Après %(value)s d'attente, la page propose d'autres aides : 3018, 116 006, service proche, revenir plus tard."),
    Unit.MINUTES, 20, 5, 240, OURS,
)  # fmt: skip

# --- promise and board ------------------------------------------------------------------------------------------------

PROMISED = Setting(
    "promised_minutes", Subject.PROMISE, _("Prendre en charge en moins de"),
    _("L'historique et les chiffres publiés comptent les personnes prises en charge en moins de %(value)s."),
    Unit.MINUTES, 3, 1, 60, PROMISED_BY_SERVICE,
)  # fmt: skip
WAIT = Setting(
    "wait_minutes", Subject.BOARD, _("Attente d'une personne"),
    _("Le tableau dit la promesse rompue quand quelqu'un attend depuis %(value)s."),
    Unit.MINUTES, 3, 1, 1440, PROMISED_BY_SERVICE,
)  # fmt: skip
WAIT_URGENT = Setting(
    "wait_urgent_minutes", Subject.BOARD, _("Attente d'une personne en urgence"),
    _("Le tableau dit la promesse rompue quand quelqu'un attend en urgence depuis %(value)s."),
    Unit.MINUTES, 1, 1, 1440, OURS,
)  # fmt: skip
SILENCE = Setting(
    "silence_minutes", Subject.BOARD, _("Silence de l'agent"),
    _("Le tableau alerte quand une personne attend les mots de son agent depuis %(value)s."),
    Unit.MINUTES, 5, 1, 1440, OURS,
)  # fmt: skip
ON_DUTY = Setting(
    "on_duty_agents", Subject.BOARD, _("Agents disponibles"),
    _("Le tableau alerte au-dessous de %(value)s."),
    Unit.AGENTS, 1, 1, 500, OURS,
)  # fmt: skip
UNREAD = Setting(
    "unread_minutes", Subject.BOARD, _("Transmission non lue par l'unité"),
    _(
        "Le tableau alerte quand une transmission n'est pas lue après %(value)s. Avec l'accord de la personne, seules "
        "comptent les heures d'ouverture de l'unité, si elles sont connues."
    ),
    Unit.MINUTES, 120, 1, 1440, OURS,
)  # fmt: skip
_NEAR = _("Le tableau prévient à %(value)s de la limite.")


def _warning(of: str, label: Promise) -> Setting:
    return Setting(f"{of}_warn_percent", Subject.BOARD, label, _NEAR, Unit.PERCENT, 70, 10, 100, OURS)


WAIT_WARN = _warning("wait", _("Attente d'une personne : prévenir à"))
WAIT_URGENT_WARN = _warning("wait_urgent", _("Attente en urgence : prévenir à"))
SILENCE_WARN = _warning("silence", _("Silence de l'agent : prévenir à"))
UNREAD_WARN = _warning("unread", _("Transmission non lue : prévenir à"))

# --- pauses and promises of return ------------------------------------------------------------------------------------


def _choice(key: str, label: Promise, default: int, most: int, effect: Promise, least: int = 1) -> Setting:
    return Setting(key, Subject.PAUSE, label, effect, Unit.MINUTES, default, least, most, OURS)


PAUSE_OFFERED = _choice(
    "pause_offered_minutes", _("Temps pour choisir une pause"), 2, 15,
    _("Après un échange grave, personne n'est confié à l'agent pendant %(value)s, le temps qu'il choisisse."),
)  # fmt: skip
NO_SIGN = _choice(
    "no_sign_minutes", _("Agent sans signe : sa page demande s'il est là"), 3, 30,
    _("Quand quelqu'un a besoin d'un agent disponible qui n'a touché ni clavier, ni souris, ni écran depuis %(value)s, "
      "sa page demande « Êtes-vous là ? » ; sans réponse, elle le met en pause."),
    least=2,
)  # fmt: skip
_PAUSES = _("L'agent peut choisir une pause de %(value)s ; elle finit d'elle-même.")
PAUSE_CHOICES = (
    _choice("pause_short_minutes", _("Pause proposée, la plus courte"), 5, 60, _PAUSES),
    _choice("pause_middle_minutes", _("Pause proposée, la suivante"), 10, 60, _PAUSES),
    _choice("pause_long_minutes", _("Pause proposée, la plus longue"), 15, 120, _PAUSES),
)
_HOLDS = _("L'agent peut promettre à la personne d'être de retour dans %(value)s.")
# The least is two minutes, because the sentence that the person reads is in the plural.
HOLD_CHOICES = (
    _choice("hold_first_minutes", _("« Je reviens dans », premier choix"), 2, 60, _HOLDS, least=2),
    _choice("hold_second_minutes", _("« Je reviens dans », deuxième choix"), 5, 60, _HOLDS, least=2),
    _choice("hold_third_minutes", _("« Je reviens dans », troisième choix"), 10, 60, _HOLDS, least=2),
    _choice("hold_last_minutes", _("« Je reviens dans », dernier choix"), 15, 60, _HOLDS, least=2),
)

# --- passing on -------------------------------------------------------------------------------------------------------

SUMMARY_READ = Setting(
    "summary_read_minutes", Subject.HANDOVER, _("Relecture du résumé par la personne"),
    _("La personne a %(value)s pour relire le résumé ; sans réponse, l'échange est proposé sans lui."),
    Unit.MINUTES, 5, 1, 30, OURS,
)  # fmt: skip
OFFER_OPEN = Setting(
    "offer_open_minutes", Subject.HANDOVER, _("Réponse du collègue à qui l'on propose un échange"),
    _("Un collègue a %(value)s pour répondre ; ensuite l'échange reste où il est."),
    Unit.MINUTES, 3, 1, 30, OURS,
)  # fmt: skip
NOT_BACK = Setting(
    "not_back_minutes", Subject.HANDOVER, _("Ne pas rendre une personne à qui vient de la passer"),
    _("La file ne rend pas la personne à l'agent qui l'a passée, et la garde à l'unité demandée, pendant %(value)s."
      " Qui a dit connaître une personne concernée ne la retrouve jamais."),
    Unit.MINUTES, 10, 1, 120, OURS,
)  # fmt: skip
WATCHED = Setting(
    "watched_minutes", Subject.HANDOVER, _("Superviseur qui suit un échange"),
    _("Un superviseur qui rejoint un échange le lit %(value)s au plus ; ensuite il redit pourquoi."),
    Unit.MINUTES, 30, 5, 120, OURS,
)  # fmt: skip

# --- code de reprise, raid, limits, requests --------------------------------------------------------------------------

CODE_LIFE = Setting(
    "code_hours", Subject.CODE, _("Durée d'un code de reprise"),
    _("Un code donné désormais ramène pendant %(value)s. Ceux qui ont été donnés gardent leur date."),
    Unit.HOURS, 72, 1, 336, _("trois jours : le temps d'une fin de semaine (ADR 0011)"), setting="RESUME_HOURS",
)  # fmt: skip
CODES_MOST = Setting(
    "codes_most", Subject.CODE, _("Codes demandés pour un échange, en 10 minutes"),
    _("Un échange peut demander %(value)s en dix minutes."),
    Unit.CODES, 6, 2, 60, OURS,
)  # fmt: skip
TRIES_MOST = Setting(
    "tries_most", Subject.CODE, _("Essais d'un code depuis un réseau, en 10 minutes"),
    _("Un réseau peut faire %(value)s en dix minutes ; les réseaux plus larges, deux et six fois autant."),
    Unit.TIMES, 20, 5, 60, _("une école derrière une adresse ; 50 bits ne se devinent pas à ce rythme (ADR 0011)"),
)  # fmt: skip
RAID = Setting(
    "raid_reports", Subject.RAID, _("Signalements à partir desquels c'est un afflux"),
    _("Dès %(value)s en dix à vingt minutes, envoyer demande un peu de calcul ou d'attente. Personne n'est refusé."),
    Unit.REPORTS, 60, 10, 10_000, _("une journée ordinaire en a soixante-dix (25 000 par an, ADR 0035)"),
)  # fmt: skip
RAID_LEAST_WAIT = Setting(
    "raid_least_wait_seconds", Subject.RAID, _("Attente la plus courte, en afflux"),
    _("Qui ne fait pas le calcul attend %(value)s au moins. En danger, on n'attend jamais."),
    Unit.SECONDS, 15, 5, 120, OURS,
)  # fmt: skip
RAID_MOST_WAIT = Setting(
    "raid_most_wait_seconds", Subject.RAID, _("Attente la plus longue, en afflux"),
    _("Qui ne fait pas le calcul attend %(value)s au plus."),
    Unit.SECONDS, 120, 15, 900, OURS,
)  # fmt: skip
REPORTS_MOST = Setting(
    "reports_most", Subject.LIMIT, _("Signalements d'un réseau, en une heure"),
    _(
        "Au-delà de %(value)s d'un même réseau en une heure, ils gardent leur urgence, mais passent après les autres "
        "une fois leur part des places prise. Personne n'est refusé."
    ),
    Unit.REPORTS, 200, 20, 10_000, _("une école, un opérateur de téléphonie"),
)  # fmt: skip
OPINIONS_OF_VISIT = Setting(
    "opinions_of_visit", Subject.LIMIT, _("Avis d'une visite, en une heure"),
    _("Une visite peut donner %(value)s en une heure."),
    Unit.OPINIONS, 5, 1, 100, OURS,
)  # fmt: skip
OPINIONS_OF_NETWORK = Setting(
    "opinions_of_network", Subject.LIMIT, _("Avis d'un réseau, en une heure"),
    _("Un réseau peut donner %(value)s en une heure."),
    Unit.OPINIONS, 20, 1, 1_000, OURS,
)  # fmt: skip
FACTS_MOST = Setting(
    "facts_most", Subject.LIMIT, _("Faits notés dans un échange"),
    _("Une personne peut noter %(value)s dans son échange. Ceux qui sont notés restent."),
    Unit.FACTS, 500, 20, 500, _("500 au plus : la page de l'agent les lit tous pour les mettre en ordre (ADR 0079)"),
)  # fmt: skip
# The four that follow have an effect only where the operator accepts captures (`settings.CAPTURES`).
CAPTURES_MOST = Setting(
    "captures_most", Subject.LIMIT, _("Captures d'un échange"),
    _("Une personne peut envoyer %(value)s dans son échange. Avec 0, personne n'en envoie ; celles qui sont là "
      "restent."),
    Unit.CAPTURES, 20, 0, 50,
    _("choix du service, une fois que l'exploitant a décidé par écrit, avec le délégué à la protection des données : "
      "qui voit les captures, qui est prévenu si l'une montre un mineur et la fait supprimer, combien de temps les "
      "originaux sont gardés, sur quels postes une unité les ouvre, s'ils sont analysés (CAPTURES, ADR 0082)"),
)  # fmt: skip
CAPTURE_SIZE = Setting(
    "capture_megabytes", Subject.LIMIT, _("Taille d'une capture"),
    _("Une capture a %(value)s au plus."),
    Unit.MEGABYTES, 15, 1, 15, _("15 au plus : ce que le formulaire sans script laisse passer (ADR 0082)"),
)  # fmt: skip
CAPTURES_SIZE = Setting(
    "captures_megabytes", Subject.LIMIT, _("Taille de toutes les captures d'un échange"),
    _("Les captures d'un échange ont %(value)s au plus, en tout."),
    Unit.MEGABYTES, 150, 1, 500, OURS,
)  # fmt: skip
HANDOUTS_MOST = Setting(
    "handouts_most", Subject.LIMIT, _("Documents envoyés à une personne"),
    _("Dans un échange, la personne reçoit %(value)s au plus de qui lui répond. Avec 0, personne ne lui en envoie ; "
      "ceux qui sont là restent."),
    Unit.DOCUMENTS, 0, 0, 10, _("aucun tant que le service n'en a pas décidé (ADR 0100)"),
)  # fmt: skip
REVIEW = Setting(
    "review_days", Subject.CARE, _("Fait à revoir"),
    _("Un texte ou un numéro non vérifié depuis %(value)s est signalé « à revoir »."),
    Unit.DAYS, 180, 7, 730, OURS,
)  # fmt: skip
DEBRIEF_KEPT = Setting(
    "debrief_days", Subject.CARE, _("Demande de débriefing sans réponse"),
    _("Une demande faite désormais au psychologue, restée sans réponse, est effacée après %(value)s."),
    Unit.DAYS, 60, 7, 180, OURS,
)  # fmt: skip

APPROVAL = Setting(
    "approval_hours", Subject.CARE, _("Accord d'une deuxième personne"),
    _("Un lien ou un numéro changé par un administrateur attend l'accord d'un autre pendant %(value)s ; sans réponse, "
      "il n'est pas appliqué."),
    Unit.HOURS, 24, 1, 168, _("choix du service : d'une permanence à la suivante (ADR 0054)"),
)  # fmt: skip

SETTINGS: tuple[Setting, ...] = (
    CAPACITY_FIRST, CAPACITY_MOST, CRITICAL_WEIGHT, OVERFLOW, AVERAGE_LENGTH, PLACE_KEPT, ABANDONED,
    ASLEEP, WOKEN, DORMANT, DORMANT_MOST, PLACE_WITH_CODE, OTHER_DOORS,
    PROMISED,
    WAIT, WAIT_WARN, WAIT_URGENT, WAIT_URGENT_WARN, SILENCE, SILENCE_WARN, ON_DUTY, UNREAD, UNREAD_WARN,
    PAUSE_OFFERED, NO_SIGN, *PAUSE_CHOICES, *HOLD_CHOICES,
    SUMMARY_READ, OFFER_OPEN, NOT_BACK, WATCHED,
    CODE_LIFE, CODES_MOST, TRIES_MOST,
    RAID, RAID_LEAST_WAIT, RAID_MOST_WAIT,
    REPORTS_MOST, OPINIONS_OF_VISIT, OPINIONS_OF_NETWORK, FACTS_MOST,
    CAPTURES_MOST, CAPTURE_SIZE, CAPTURES_SIZE, HANDOUTS_MOST,
    REVIEW, DEBRIEF_KEPT, APPROVAL,
)  # fmt: skip
BY_KEY: Mapping[str, Setting] = {rule.key: rule for rule in SETTINGS}


# --- what several of them must be together ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Together:
    """It is a condition on two settings of the same unit: lower must not exceed upper.

    is_less: whether they must not be equal either. why: a sentence for administrators.
    """

    lower: Setting
    upper: Setting
    why: Promise
    is_less: bool = False

    def holds(self, values: Mapping[str, int]) -> bool:
        """Return whether the condition holds. values: those of all settings, by key."""
        lower, upper = values[self.lower.key], values[self.upper.key]
        return lower < upper if self.is_less else lower <= upper


def _rising(rules: Iterable[Setting], why: Promise) -> list[Together]:
    return [Together(lower, upper, why, is_less=True) for lower, upper in pairwise(rules)]


TOGETHER: tuple[Together, ...] = (
    Together(CAPACITY_FIRST, CAPACITY_MOST, _("Un nouvel agent ne peut pas avoir plus de places qu'on n'en choisit.")),
    Together(
        PLACE_KEPT,
        ABANDONED,
        _("Une personne ne peut pas être comptée comme partie tant que sa place lui est promise."),
    ),
    Together(
        ASLEEP, ABANDONED, _("Une personne ne peut pas être comptée comme partie tant que son tour lui est gardé.")
    ),
    Together(WOKEN, ASLEEP, _("On n'attend pas une page en veille plus longtemps que son tour ne lui est gardé.")),
    Together(WAIT, PROMISED, _("Le tableau doit alerter avant que la promesse du service soit rompue, ou avec elle.")),
    Together(WAIT_URGENT, WAIT, _("Une personne en urgence ne peut pas attendre plus longtemps que les autres.")),
    *_rising(PAUSE_CHOICES, _("Les pauses vont de la plus courte à la plus longue.")),
    *_rising(HOLD_CHOICES, _("Les retours promis vont du plus proche au plus lointain.")),
    Together(RAID_LEAST_WAIT, RAID_MOST_WAIT, _("L'attente la plus courte ne peut pas dépasser la plus longue.")),
    Together(CAPTURE_SIZE, CAPTURES_SIZE, _("Un échange prend au moins une capture de la plus grande taille.")),
    Together(OPINIONS_OF_VISIT, OPINIONS_OF_NETWORK, _("Un réseau donne au moins autant d'avis qu'une visite.")),
)


def broken(values: Mapping[str, int]) -> list[Together]:
    """Return the conditions that do not hold with these values. values: those of all settings, by key."""
    return [one for one in TOGETHER if not one.holds(values)]
