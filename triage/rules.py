"""From answers to an assessment: where a situation goes, why, and how urgent it is. Pure.

Answers are a mapping of question id to option value. Whatever is not on the path of the questions (an unknown id, an
option that does not exist, an answer to a question that is no longer asked) is ignored, never an error.

Source of the destinations: the table « Where each situation goes » of the service's reference facts; of the law: code
pénal, art. 222-33-2-2. The degrees of urgency are this service's own choice: they order the queue, nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _

from triage import numbers
from triage.numbers import Number
from triage.questions import MINOR_AGES, OTHERS, QUESTIONS, Question, Text, Voice, Wording

SEVENTEEN_CYBER_URL: Final = "https://17cyber.gouv.fr"
OPEN_DOOR: Final = _("Ce n'est pas mon cas, je veux parler à quelqu'un")


class Urgency(IntegerChoices):
    """Degree of urgency: orders the queue, the highest first."""

    NORMAL = 0, _("Normale")
    HIGH = 1, _("Élevée")
    CRITICAL = 2, _("Critique")


class Outcome(TextChoices):
    """Where a situation goes."""

    UNFINISHED = "unfinished", _("Orientation non terminée")
    DANGER = "danger", _("Danger immédiat : 17, 112, 114")
    SUICIDE = "suicide", _("Idées suicidaires : 3114")
    CHAT = "chat", _("Tchat")
    CHAT_MINOR = "chat_minor", _("Tchat, parcours mineurs")
    SINGLE_INSULT = "single_insult", _("Fait isolé : explications, tchat possible")
    SEVENTEEN_CYBER_THESEE = "17cyber_thesee", _("17 Cyber, puis THESEE")
    SEVENTEEN_CYBER_PERCEVAL = "17cyber_perceval", _("17 Cyber, puis PERCEVAL")
    SEVENTEEN_CYBER_PHAROS = "17cyber_pharos", _("17 Cyber, puis PHAROS")
    SEVENTEEN_CYBER_ORGANISATION = "17cyber_organisation", _("17 Cyber, pour les organisations")
    SEVENTEEN_CYBER_ASSISTANCE = "17cyber_assistance", _("17 Cyber, assistance")
    SMS_33700 = "33700", _("33700, SMS indésirables")


@dataclass(frozen=True)
class Destination:
    """A service outside this one. leads_to: name of the service behind it, empty when it depends on the case."""

    name: str
    url: str
    leads_to: str
    explanation: Text


@dataclass(frozen=True)
class Assessment:
    """What the answers mean for the person and for the queue.

    reasons, service, prepare: sentences in the person's voice (*tu* for a minor), at least one of each once the path
    is finished. destination: only when the situation goes to 17 Cyber.
    destination_beside: when the chat stays the main way and 17 Cyber is another one.
    is_minor: the person who suffers the facts or the one who writes is under 18.
    """

    outcome: Outcome
    urgency: Urgency
    opens_chat: bool
    is_minor: bool
    voice: Voice
    title: Text
    reasons: tuple[Text, ...] = ()
    service: tuple[Text, ...] = ()
    prepare: tuple[Text, ...] = ()
    numbers: tuple[Number, ...] = ()
    destination: Destination | None = None
    destination_beside: Destination | None = None
    open_door: Text = OPEN_DOOR

    @property
    def is_finished(self) -> bool:
        """Whether the path had come to its end."""
        return self.outcome != Outcome.UNFINISHED

    @property
    def calls_first(self) -> bool:
        """Whether the numbers come before anything else: a life may be at stake."""
        return self.urgency == Urgency.CRITICAL

    @property
    def first_numbers(self) -> tuple[Number, ...]:
        """The few numbers that come before anything else; none when nothing presses."""
        return self.numbers[:3] if self.calls_first else ()

    @property
    def other_numbers(self) -> tuple[Number, ...]:
        """The numbers that come after the explanations."""
        return self.numbers[len(self.first_numbers) :]


# --- the path -----------------------------------------------------------------------------------------------------


def path(answers: Mapping[str, str]) -> tuple[dict[str, str], Question | None]:
    """The answers that lie on the path, in the order of the questions, and the first question left unanswered.

    The question is None when the path has come to its end.
    """
    kept: dict[str, str] = {}
    for question in QUESTIONS:
        if not question.is_asked(kept):
            continue
        value = answers.get(question.id)
        if question.option(value) is None:
            return kept, question
        kept[question.id] = str(value)
    return kept, None


def on_path(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers that count, in the order of the questions."""
    return path(answers)[0]


def next_question(answers: Mapping[str, str]) -> Question | None:
    """The first question that still waits for an answer, or None at the end of the path."""
    return path(answers)[1]


def question_after(question: Question, answers: Mapping[str, str]) -> Question | None:
    """The question that follows this one on the path, answered already or not; None at the end."""
    kept, pending = path(answers)
    reached = [asked for asked in QUESTIONS if asked.id in kept or asked is pending]
    if question not in reached:
        return pending
    following = reached.index(question) + 1
    return reached[following] if following < len(reached) else None


def question_before(question: Question, answers: Mapping[str, str]) -> Question | None:
    """The question that comes before this one on the path; None for the first."""
    kept = on_path(answers)
    before = [asked for asked in QUESTIONS[: QUESTIONS.index(question)] if asked.id in kept]
    return before[-1] if before else None


def last_question(answers: Mapping[str, str]) -> Question | None:
    """The last question answered on the path, or None before the first answer."""
    kept = on_path(answers)
    return next((question for question in reversed(QUESTIONS) if question.id in kept), None)


def position(question: Question, answers: Mapping[str, str]) -> int | None:
    """The number of this question on the path, from 1; None when the path does not show it (yet)."""
    kept, pending = path(answers)
    reached = [asked for asked in QUESTIONS if asked.id in kept or asked is pending]
    return reached.index(question) + 1 if question in reached else None


def voice(answers: Mapping[str, str]) -> Voice:
    """How to speak to the person who answers."""
    kept = on_path(answers)
    return Voice(familiar=kept.get("age") in MINOR_AGES, about_other=kept.get("role") in OTHERS)


def describe(answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Question and answer in words, in the order they were asked, for the agent. In the active language."""
    kept = on_path(answers)
    spoken = Voice(about_other=kept.get("role") in OTHERS)
    lines = []
    for question in QUESTIONS:
        option = question.option(kept.get(question.id))
        if option is not None:
            lines.append((str(question.text.spoken(spoken)), str(option.label.spoken(spoken))))
    return lines


def victim_age_band(answers: Mapping[str, str]) -> str:
    """Age band of the person who suffers the facts: "under_15", "15_17", "adult", "unknown"; empty if not asked."""
    kept = on_path(answers)
    return kept.get("age", "") if kept.get("role") == "victim" else kept.get("victim_age", "")


# --- the assessment -----------------------------------------------------------------------------------------------


# What an agent reads of a person: never *tu*, and in the third person where the words exist.
FOR_AGENTS = Voice(about_other=True)


def assess(answers: Mapping[str, str], *, told_in: Voice | None = None) -> Assessment:
    """Where these answers lead, and why.

    told_in: the voice of the sentences when they are for somebody else than the person (FOR_AGENTS).
    Answers whose path is not finished give Outcome.UNFINISHED, which opens nothing.
    """
    kept, pending = path(answers)
    own = voice(kept)
    spoken = told_in or own
    outcome = Outcome.UNFINISHED if pending else _outcome(kept)
    is_minor = own.familiar or victim_age_band(kept) in MINOR_AGES
    return Assessment(
        outcome=outcome,
        urgency=_urgency(kept, is_minor=is_minor),
        opens_chat=outcome in (Outcome.CHAT, Outcome.CHAT_MINOR),
        is_minor=is_minor,
        voice=spoken,
        title=_TITLES[outcome].spoken(spoken),
        reasons=tuple(reason.spoken(spoken) for reason in _reasons(outcome, kept, is_minor=is_minor)),
        service=tuple(sentence.spoken(spoken) for sentence in _service(outcome)),
        prepare=tuple(sentence.spoken(spoken) for sentence in _prepare(outcome)),
        numbers=_numbers(outcome, kept, is_minor=is_minor),
        destination=_DESTINATIONS.get(outcome),
        destination_beside=_DESTINATIONS_BESIDE.get(outcome),
    )


def _outcome(kept: Mapping[str, str]) -> Outcome:
    """The destination of a finished path."""
    match kept.get("danger"):
        case "yes":
            return Outcome.DANGER
        case "suicidal":
            return Outcome.SUICIDE
    if kept.get("role") == "organisation":
        return Outcome.SEVENTEEN_CYBER_ORGANISATION
    return (
        _outcome_of_money(kept)
        or _outcome_of_content(kept)
        or (Outcome.SINGLE_INSULT if kept.get("single_act") in ("insult", "other") else None)
        or _chat(kept)
    )


def _chat(kept: Mapping[str, str]) -> Outcome:
    is_minor = kept.get("age") in MINOR_AGES or kept.get("victim_age") in MINOR_AGES
    return Outcome.CHAT_MINOR if is_minor else Outcome.CHAT


def _outcome_of_money(kept: Mapping[str, str]) -> Outcome | None:
    """The destination when money or a device is at stake; None when neither decides."""
    if _is_money_against_images(kept):
        # A minor is heard here. So is somebody whose age is not known: sending a child away would be the worse error.
        return Outcome.SEVENTEEN_CYBER_THESEE if victim_age_band(kept) == "adult" else _chat(kept)
    if kept.get("scam") == "card":
        return Outcome.SEVENTEEN_CYBER_PERCEVAL
    if kept.get("scam") == "card_lost":
        return Outcome.SEVENTEEN_CYBER_ASSISTANCE
    if "scam" in kept or kept.get("device_money") == "yes" or kept.get("account_purpose") == "money":
        return Outcome.SEVENTEEN_CYBER_THESEE
    if "device_money" in kept or kept.get("account_purpose") == "unsure":
        return Outcome.SEVENTEEN_CYBER_ASSISTANCE
    return None


def _outcome_of_content(kept: Mapping[str, str]) -> Outcome | None:
    """The destination of illegal content and of unwanted SMS that aim at nobody the person knows."""
    match kept.get("content_public"):
        case "public":
            return Outcome.SEVENTEEN_CYBER_PHAROS
        case "private":
            return Outcome.SEVENTEEN_CYBER_ASSISTANCE  # PHAROS takes only what anyone can see
    return Outcome.SMS_33700 if kept.get("sms_kind") == "spam" else None


def _is_money_against_images(kept: Mapping[str, str]) -> bool:
    """Money asked against intimate images, by whichever way the person told it.

    An image that is humiliating without being intimate counts too: money is what takes it out of harassment.
    """
    return kept.get("scam") == "image" or kept.get("blackmail_image") == "yes" or kept.get("image_money") == "yes"


def _is_intimate(kept: Mapping[str, str]) -> bool:
    return kept.get("image_kind") == "intimate" or kept.get("account_purpose") == "image"


def _is_couple(kept: Mapping[str, str]) -> bool:
    return kept.get("facts") == "couple" or kept.get("author") == "couple"


def _is_grave_act(kept: Mapping[str, str]) -> bool:
    """A threat, a blackmail or a sexual threat, even once."""
    return kept.get("single_act") in ("threat", "blackmail") or kept.get("facts") == "threat"


def _urgency(kept: Mapping[str, str], *, is_minor: bool) -> Urgency:
    if kept.get("danger") in ("yes", "suicidal") or kept.get("home") == "yes":
        return Urgency.CRITICAL
    if is_minor or _is_grave_act(kept) or _is_intimate(kept) or _is_money_against_images(kept) or _is_couple(kept):
        return Urgency.HIGH
    return Urgency.NORMAL


def _numbers(outcome: Outcome, kept: Mapping[str, str], *, is_minor: bool) -> tuple[Number, ...]:
    """Numbers to show, the most useful first."""
    match outcome:
        case Outcome.DANGER:
            return (
                numbers.POLICE,
                numbers.EUROPEAN_EMERGENCY,
                numbers.EMERGENCY_BY_TEXT,
                numbers.MEDICAL_EMERGENCY,
                numbers.CHILD_IN_DANGER,
                numbers.SUICIDE_PREVENTION,
            )
        case Outcome.SUICIDE:
            return (
                numbers.SUICIDE_PREVENTION,
                numbers.MEDICAL_EMERGENCY,
                numbers.POLICE,
                numbers.EMERGENCY_BY_TEXT,
            )
        case Outcome.CHAT | Outcome.CHAT_MINOR | Outcome.SINGLE_INSULT:
            beside = [numbers.VICTIM_SUPPORT, numbers.SUICIDE_PREVENTION]
            if _is_couple(kept):
                beside.insert(0, numbers.VIOLENCE_AGAINST_WOMEN)
            if is_minor:
                beside = [numbers.DIGITAL_VIOLENCE, numbers.CHILD_IN_DANGER, *beside]
            if kept.get("home") == "yes":
                beside.remove(numbers.CHILD_IN_DANGER)
                beside = [numbers.POLICE, numbers.EMERGENCY_BY_TEXT, numbers.CHILD_IN_DANGER, *beside]
            return tuple(beside)
        case Outcome.SMS_33700:
            shown = [numbers.UNWANTED_TEXTS]
        case Outcome.SEVENTEEN_CYBER_THESEE | Outcome.SEVENTEEN_CYBER_PERCEVAL:
            shown = [numbers.SCAM_INFORMATION, numbers.VICTIM_SUPPORT]
        case Outcome.SEVENTEEN_CYBER_PHAROS | Outcome.SEVENTEEN_CYBER_ASSISTANCE:
            shown = [numbers.VICTIM_SUPPORT]
        case _:
            shown = []
    return tuple([*shown, numbers.DIGITAL_VIOLENCE] if is_minor else shown)


# --- the words ----------------------------------------------------------------------------------------------------

_TITLES: Mapping[Outcome, Wording] = {
    Outcome.UNFINISHED: Wording(_("Quelques questions encore")),
    Outcome.DANGER: Wording(_("Demander de l’aide tout de suite")),
    Outcome.SUICIDE: Wording(_("Parler maintenant à quelqu’un, au 3114")),
    Outcome.CHAT: Wording(
        _("Vous pouvez parler à un policier ou à un gendarme"),
        tu=_("Tu peux parler à un policier ou à un gendarme"),
    ),
    Outcome.CHAT_MINOR: Wording(
        _("Vous pouvez parler à un policier ou à un gendarme"),
        tu=_("Tu peux parler à un policier ou à un gendarme"),
    ),
    Outcome.SINGLE_INSULT: Wording(
        _("Un fait isolé : voici ce qu’il faut savoir"),
    ),
    Outcome.SEVENTEEN_CYBER_THESEE: Wording(_("Une arnaque : 17 Cyber, puis THESEE")),
    Outcome.SEVENTEEN_CYBER_PERCEVAL: Wording(_("Une carte bancaire utilisée : 17 Cyber, puis PERCEVAL")),
    Outcome.SEVENTEEN_CYBER_PHAROS: Wording(_("Un contenu illégal public : 17 Cyber, puis PHAROS")),
    Outcome.SEVENTEEN_CYBER_ORGANISATION: Wording(_("Une organisation touchée : 17 Cyber")),
    Outcome.SEVENTEEN_CYBER_ASSISTANCE: Wording(_("Le bon service : 17 Cyber")),
    Outcome.SMS_33700: Wording(_("Des SMS indésirables : le 33700")),
}

_DESTINATIONS: Mapping[Outcome, Destination] = {
    Outcome.SEVENTEEN_CYBER_THESEE: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "THESEE",
        _("17 Cyber mène à THESEE, le service pour les arnaques en ligne."),
    ),
    Outcome.SEVENTEEN_CYBER_PERCEVAL: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "PERCEVAL",
        _("17 Cyber mène à PERCEVAL, le service pour une carte bancaire utilisée en ligne alors qu’on l’a toujours."),
    ),
    Outcome.SEVENTEEN_CYBER_PHAROS: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "PHAROS",
        _("17 Cyber mène à PHAROS, le service pour les contenus illégaux que tout le monde peut voir."),
    ),
    Outcome.SEVENTEEN_CYBER_ORGANISATION: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "",
        _("17 Cyber dira quel service répond au cas d’une entreprise, d’une association ou d’une administration."),
    ),
    Outcome.SEVENTEEN_CYBER_ASSISTANCE: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "",
        _("17 Cyber dira quel service répond à ce cas. Il peut s’agir de THESEE, de PERCEVAL ou de PHAROS."),
    ),
}

# Said beside the open door: the sources do not agree on this case.
_DESTINATIONS_BESIDE: Mapping[Outcome, Destination] = {
    Outcome.SINGLE_INSULT: Destination(
        "17 Cyber",
        SEVENTEEN_CYBER_URL,
        "",
        _("17 Cyber peut aussi dire quel service répond à ce cas."),
    ),
}

_EVIDENCE = Wording(
    _("Des captures d’écran, les messages, les sons ou les vidéos, avec leurs dates."),
)
_BE_PRECISE = Wording(
    _("Les faits, aussi précis que possible. Des faits étalés sur plusieurs années comptent aussi."),
)
_NOT_ALONE = Wording(
    _("Rien de tout cela n’est obligatoire pour commencer à parler."),
)


def _reasons(outcome: Outcome, kept: Mapping[str, str], *, is_minor: bool) -> list[Wording]:
    """Why this outcome, in words; at least one sentence."""
    match outcome:
        case Outcome.UNFINISHED:
            return [Wording(_("Il manque encore des réponses pour savoir qui peut aider."))]
        case Outcome.DANGER:
            return [
                Wording(
                    _(
                        "Quelqu’un est en danger maintenant. Le tchat n’est pas un service d’urgence : "
                        "le 17 répond tout de suite."
                    )
                )
            ]
        case Outcome.SUICIDE:
            return [
                Wording(
                    _("La souffrance peut devenir trop lourde. On peut en parler, même sans savoir par où commencer.")
                ),
                Wording(
                    _(
                        "Le 3114 répond jour et nuit, gratuitement. "
                        "Si une vie est en danger tout de suite, c’est le 15 ou le 17."
                    )
                ),
            ]
        case Outcome.SEVENTEEN_CYBER_ORGANISATION:
            return [
                Wording(_("Une entreprise, une association ou une administration touchée est aidée par 17 Cyber.")),
                Wording(_("Ce tchat est fait pour les personnes visées par du cyberharcèlement.")),
            ]
        case Outcome.SEVENTEEN_CYBER_PERCEVAL:
            return [
                Wording(
                    _("La carte bancaire a été utilisée en ligne sans être perdue : un service est fait pour cela.")
                )
            ]
        case Outcome.SEVENTEEN_CYBER_PHAROS:
            return [
                Wording(_("Ce contenu est public et ne vise pas une personne connue : il se signale à PHAROS.")),
                Wording(_("PHAROS ne traite pas les insultes dont on est soi-même la victime.")),
            ]
        case Outcome.SMS_33700:
            return [Wording(_("Ces SMS sont de la publicité ou un piège envoyé à beaucoup de monde."))]
        case Outcome.SEVENTEEN_CYBER_THESEE:
            return [_why_thesee(kept)]
        case Outcome.SEVENTEEN_CYBER_ASSISTANCE:
            return [_why_assistance(kept)]
        case Outcome.SINGLE_INSULT:
            return _why_single_insult(kept)
        case _:
            return _why_chat(kept, is_minor=is_minor)


def _why_thesee(kept: Mapping[str, str]) -> Wording:
    if _is_money_against_images(kept):
        return Wording(
            _(
                "On demande de l’argent contre des images : pour un adulte, un service est fait pour cela. "
                "La personne visée n’y est pour rien."
            )
        )
    if kept.get("account_purpose") == "money" or kept.get("scam") == "mailbox":
        return Wording(_("Le compte est piraté pour obtenir de l’argent : c’est une arnaque en ligne."))
    if kept.get("device_money") == "yes" or kept.get("scam") == "ransom":
        return Wording(_("On demande de l’argent pour débloquer un appareil : c’est une arnaque en ligne."))
    return Wording(_("Ces faits sont une arnaque en ligne, et non du cyberharcèlement."))


def _why_assistance(kept: Mapping[str, str]) -> Wording:
    if kept.get("content_public") == "private":
        return Wording(
            _(
                "Ce contenu est illégal mais privé. PHAROS ne traite que ce que tout le monde peut voir : "
                "17 Cyber dira à qui s’adresser."
            )
        )
    if kept.get("scam") == "card_lost":
        return Wording(_("La carte bancaire a été perdue ou volée : 17 Cyber dira quelle démarche suivre."))
    if kept.get("account_purpose") == "unsure":
        return Wording(
            _(
                "Le but de ce piratage n’est pas connu. Si de l’argent est en jeu, 17 Cyber est le bon service. "
                "Si c’est pour faire du mal, le tchat est ouvert."
            )
        )
    return Wording(_("Un virus ou un piratage d’appareil est aidé par 17 Cyber."))


def _why_single_insult(kept: Mapping[str, str]) -> list[Wording]:
    reasons = [
        Wording(
            _(
                "Le cyberharcèlement suppose que les faits se répètent, ou que plusieurs personnes s’y mettent. "
                "Ici, c’est arrivé une fois."
            )
        ),
        Wording(_("Cela ne veut pas dire que ce n’est rien. Une insulte ou une diffamation compte aussi.")),
    ]
    if kept.get("single_act") != "insult":
        reasons[1] = Wording(_("Cela ne veut pas dire que ce n’est rien, et cela peut faire mal."))
    if kept.get("insult_public") == "public":
        reasons.append(
            Wording(_("Le message est public, mais PHAROS ne traite pas les insultes dont on est soi-même la victime."))
        )
    reasons.append(
        Wording(
            _(
                "Les sources officielles ne disent pas toutes la même chose sur ce cas : "
                "certaines envoient vers 17 Cyber, d’autres vers ce tchat. Vous pouvez choisir d’en parler ici."
            ),
            tu=_(
                "Les sources officielles ne disent pas toutes la même chose sur ce cas : "
                "certaines envoient vers 17 Cyber, d’autres vers ce tchat. Tu peux choisir d’en parler ici."
            ),
        )
    )
    return reasons


def _why_chat(kept: Mapping[str, str], *, is_minor: bool) -> list[Wording]:
    reasons = []
    if _is_money_against_images(kept):
        reasons.append(
            Wording(_("Quelqu’un demande de l’argent contre des images. Pour un mineur, le tchat est ouvert."))
            if is_minor
            else Wording(
                _(
                    "Quelqu’un demande de l’argent contre des images, et l’âge de la personne n’est pas connu : "
                    "le policier ou le gendarme dira quel service peut aider."
                )
            )
        )
    elif _is_grave_act(kept):
        reasons.append(
            Wording(
                _(
                    "Une seule menace ou un seul chantage n’est pas du harcèlement, mais peut être une infraction "
                    "dès la première fois. Le tchat est ouvert pour cela."
                )
            )
        )
    elif kept.get("repetition") == "repeated":
        reasons.append(Wording(_("Une personne recommence : c’est ce qui fait le cyberharcèlement.")))
    elif kept.get("repetition") == "group":
        reasons.append(
            Wording(
                _(
                    "Plusieurs personnes s’y mettent : c’est du cyberharcèlement, même si chacune n’agit qu’une fois "
                    "en sachant que les autres le font."
                )
            )
        )
    elif "image_money" in kept:
        reasons.append(Wording(_("Une image sert à faire du mal, sans demande d’argent connue.")))
    elif kept.get("facts") == "page":
        reasons.append(Wording(_("Une page, un groupe ou une discussion contre quelqu’un est du ressort de ce tchat.")))
    elif kept.get("account_purpose") == "hurt":
        reasons.append(Wording(_("Le compte ou l’identité sert à faire du mal, et non à obtenir de l’argent.")))
    elif _is_couple(kept):
        reasons.append(Wording(_("Les violences en ligne dans un couple, ou par un ex, sont du ressort de ce tchat.")))
    else:
        reasons.append(
            Wording(
                _("La situation reste à éclaircir. Le mieux est d’en parler : on vous dira qui peut aider."),
                tu=_("La situation reste à éclaircir. Le mieux est d’en parler : on te dira qui peut aider."),
            )
        )
    if _is_couple(kept) and kept.get("facts") != "couple":
        reasons.append(Wording(_("Cela vient d’un partenaire ou d’un ex : l’agent en tiendra compte.")))
    if is_minor:
        reasons.append(
            Wording(
                _("Un enfant ou un adolescent peut signaler, et porter plainte seul."),
                tu=_("Tu as le droit de signaler, et de porter plainte, sans adulte avec toi."),
                other=_("Un enfant ou un adolescent peut signaler, et porter plainte seul."),
            )
        )
    if kept.get("home") == "yes":
        reasons.append(
            Wording(
                _("Le danger est à la maison : le 119 aide les enfants en danger. Si c’est maintenant, c’est le 17."),
            )
        )
    return reasons


_CHAT_SERVICE = [
    Wording(
        _("Un policier ou un gendarme formé vous répond, jour et nuit, gratuitement."),
        tu=_("Un policier ou un gendarme formé te répond, jour et nuit, gratuitement."),
    ),
    Wording(
        _("Pas de compte, pas de nom à donner. C’est la même personne pendant tout l’échange."),
    ),
    Wording(
        _("Un échange dure 55 minutes en moyenne. On peut ensuite vous accompagner pour porter plainte."),
        tu=_("Un échange dure 55 minutes en moyenne. On peut ensuite t’accompagner pour porter plainte."),
    ),
]


def _service(outcome: Outcome) -> list[Wording]:
    """What the service does."""
    destination = _DESTINATIONS.get(outcome)
    match outcome:
        case Outcome.UNFINISHED:
            return []
        case Outcome.DANGER:
            return [
                Wording(_("Le 17 et le 112 joignent la police ou la gendarmerie. L’appel est gratuit, à toute heure.")),
                Wording(_("Impossible de parler ? Le 114 répond par SMS, sans bruit.")),
            ]
        case Outcome.SUICIDE:
            return [
                Wording(_("Le 3114 est le numéro de prévention du suicide.")),
            ]
        case Outcome.CHAT | Outcome.CHAT_MINOR:
            return _CHAT_SERVICE
        case Outcome.SINGLE_INSULT:
            return [
                Wording(
                    _("Dans le tchat, un policier ou un gendarme peut expliquer vos droits et dire qui peut aider."),
                    tu=_("Dans le tchat, un policier ou un gendarme peut expliquer tes droits et dire qui peut aider."),
                ),
                Wording(_("Si cela recommence, ou si d’autres s’y mettent, le tchat est fait pour cela.")),
            ]
        case Outcome.SMS_33700:
            return [Wording(_("Le 33700 est le numéro pour signaler les SMS indésirables."))]
        case _ if destination is not None:
            return [
                Wording(_("17 Cyber aide les victimes d’arnaques, de contenus illégaux et d’attaques informatiques.")),
                Wording(destination.explanation),
            ]
        case _:
            raise AssertionError(f"No words for {outcome.value}.")


def _prepare(outcome: Outcome) -> list[Wording]:
    """What is useful to have at hand."""
    match outcome:
        case Outcome.UNFINISHED:
            return []
        case Outcome.DANGER:
            return [
                Wording(_("L’adresse ou le lieu où envoyer de l’aide.")),
                Wording(_("Ce qui se passe, et qui est en danger.")),
            ]
        case Outcome.SUICIDE:
            return [Wording(_("Rien à préparer. Il suffit d’appeler."))]
        case Outcome.CHAT | Outcome.CHAT_MINOR | Outcome.SINGLE_INSULT:
            return [_EVIDENCE, _BE_PRECISE, _NOT_ALONE]
        case Outcome.SEVENTEEN_CYBER_PHAROS:
            return [Wording(_("L’adresse internet de la page ou du compte.")), _EVIDENCE]
        case Outcome.SEVENTEEN_CYBER_PERCEVAL:
            return [Wording(_("La carte bancaire, et la liste des paiements avec leurs dates.")), _EVIDENCE]
        case Outcome.SMS_33700:
            return [Wording(_("Le SMS reçu, et le numéro qui l’a envoyé."))]
        case _:
            return [_EVIDENCE, Wording(_("Les dates, et les sommes s’il y en a."))]
