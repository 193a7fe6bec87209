"""These are the rules and the words of the questionnaire that the code brings. `definition` says what they mean.

The destinations come from the table « Where each situation goes » of the service's reference facts, and the law is code
pénal, art. 222-33-2-2. The degrees of urgency are this service's own choice: they order the queue, nothing else.
"""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from triage.questionnaire.definition import Decision, Questionnaire, Reason, Result
from triage.questionnaire.outcomes import DESTINATIONS, Outcome
from triage.questionnaire.questions import OTHERS, QUESTIONS, VERSION, When, Wording

# --- the rules ----------------------------------------------------------------------------------------------------

# It holds when money is asked against intimate images, by whichever family the person told it.
_MONEY_AGAINST_IMAGES: Final = (When(demand="image"), When(image_money="yes"))
_OF_ADULTS: Final = tuple(f"{role}_adult" for role in OTHERS)
_OF_MINORS: Final = tuple(f"{role}_{age}" for role in OTHERS for age in ("under_15", "15_17"))


def _of_a_minor(facts: str) -> tuple[When, ...]:
    """Return the conditions that it happens, with these facts, to somebody under 18: nothing more is asked of them."""
    return (When(facts=facts, who="minor"), When(facts=facts, helped=_OF_MINORS))


DECISIONS: tuple[Decision, ...] = (
    Decision(Outcome.SEVENTEEN_CYBER_ORGANISATION, (When(scam="organisation"),)),
    # A minor is heard here. So is somebody whose age is not known: sending a child away would be the worse error.
    Decision(
        Outcome.SEVENTEEN_CYBER_THESEE,
        (
            When(demand="image", who="adult"),
            When(demand="image", helped=_OF_ADULTS),
            When(image_money="yes", who="adult"),
            When(image_money="yes", helped=_OF_ADULTS),
        ),
    ),
    Decision(Outcome.SEVENTEEN_CYBER_PERCEVAL, (When(scam="card"),)),
    Decision(
        Outcome.SEVENTEEN_CYBER_THESEE,
        (When(demand=("scam", "device")), When(scam=("scam", "ransom")), When(account_purpose="money")),
    ),
    Decision(Outcome.SEVENTEEN_CYBER_ASSISTANCE, (When(scam="virus"), When(account_purpose="unsure"))),
    Decision(Outcome.SEVENTEEN_CYBER_PHAROS, (When(content_kind="public"),)),
    # PHAROS takes only what anyone can see.
    Decision(Outcome.SEVENTEEN_CYBER_ASSISTANCE, (When(content_kind="private"),)),
    Decision(Outcome.SMS_33700, (When(scam="sms"),)),
    Decision(Outcome.SINGLE_INSULT, (When(repetition="once"),)),
)

_COUPLE: Final = (When(facts="couple"),)
# It holds for a threat, a blackmail or a sexual threat, even once.
_GRAVE_ACT: Final = (When(repetition="threat"), When(demand="threat"))
URGENT: tuple[When, ...] = (*_GRAVE_ACT, *_MONEY_AGAINST_IMAGES, *_COUPLE, When(image_money="minor"))

# --- the words ----------------------------------------------------------------------------------------------------

_EVIDENCE: Final = Wording(
    _("Des captures d'écran, les messages, les sons ou les vidéos, avec leurs dates."),
)
# It is said where holding the image may itself be an offence. A lawyer has yet to read it: see TO_VERIFY.
_NO_CAPTURE: Final = Wording(
    _("Notez l'adresse, le compte, la date. N'enregistrez pas et n'envoyez pas l'image."),
    tu=_("Note l'adresse, le compte, la date. N'enregistre pas et n'envoie pas l'image."),
    other=_("L'adresse, le compte, la date. Il ne faut ni enregistrer ni envoyer l'image."),
)
# It is said by the code beside evidence, under every version, where nobody asked how old the person on an image was.
IMAGE_OF_MINOR: Final = Wording(
    _("Une image intime d'une personne de moins de 18 ans : notez l'adresse, le compte, la date. Ne la copiez pas."),
    tu=_("Une image intime : note l'adresse, le compte, la date. Ne la copie pas et ne l'envoie à personne."),
    other=_("Une image intime d'une personne de moins de 18 ans : il ne faut pas la copier, mais noter où elle est."),
)
_BE_PRECISE: Final = Wording(
    _("Les faits, aussi précis que possible. Des faits étalés sur plusieurs années comptent aussi."),
)
_NOT_ALONE: Final = Wording(
    _("Rien de tout cela n'est obligatoire pour commencer à parler."),
)
_DATES: Final = Wording(_("Les dates, et les sommes s'il y en a."))
_OF_17_CYBER: Final = Wording(
    _("17 Cyber aide les victimes d'arnaques, de contenus illégaux et d'attaques informatiques.")
)
_CHAT_SERVICE: Final = (
    Wording(
        _("Un policier ou un gendarme formé vous répond, jour et nuit, gratuitement."),
        tu=_("Un policier ou un gendarme formé te répond, jour et nuit, gratuitement."),
    ),
    Wording(_("Pas de compte, pas de nom à donner.")),
    Wording(
        _("Un échange dure 55 minutes en moyenne. On peut ensuite vous accompagner pour porter plainte."),
        tu=_("Un échange dure 55 minutes en moyenne. On peut ensuite t'accompagner pour porter plainte."),
        other=_("Un échange dure 55 minutes en moyenne. On peut ensuite aider la personne dans ses démarches."),
    ),
)


def _destination(outcome: Outcome) -> tuple[Wording, ...]:
    """Return what 17 Cyber does, then where it leads from there."""
    return (_OF_17_CYBER, Wording(DESTINATIONS[outcome].explanation))


# They end the reasons of a chat, and hold for an adult and for a minor alike.
_WHY_CHAT: Final = (
    Reason(
        Wording(
            _(
                "Une seule menace ou un seul chantage n'est pas du harcèlement, mais peut être une infraction dès "
                "la première fois. Le tchat est ouvert pour cela."
            )
        ),
        _GRAVE_ACT,
    ),
    Reason(Wording(_("Une personne recommence : ce peut être du cyberharcèlement.")), (When(repetition="repeated"),)),
    Reason(
        Wording(
            _(
                "Plusieurs personnes s'y mettent : ce peut être du cyberharcèlement, même si chacune n'agit qu'une "
                "fois en sachant que les autres le font."
            )
        ),
        (When(repetition="group"),),
    ),
    Reason(
        Wording(_("Une image sert à faire du mal, sans demande d'argent connue.")),
        (When(facts="image", image_money=("no", "unsure")),),
    ),
    Reason(
        Wording(_("La personne sur l'image avait moins de 18 ans : ce tchat est ouvert pour cela.")),
        (When(image_money="minor"),),
    ),
    Reason(
        Wording(_("Le compte ou l'identité sert à faire du mal, et non à obtenir de l'argent.")),
        (When(account_purpose="hurt"),),
    ),
    Reason(Wording(_("Les violences en ligne dans un couple, ou par un ex, sont du ressort de ce tchat.")), _COUPLE),
    Reason(
        Wording(_("Insultes, menaces, moqueries en ligne : ce tchat est fait pour cela.")), _of_a_minor("harassment")
    ),
    Reason(
        Wording(
            _("L'image ou la vidéo d'un mineur : ce tchat est fait pour cela."),
            tu=_("Une image ou une vidéo de toi : ce tchat est fait pour cela."),
        ),
        _of_a_minor("image"),
    ),
    Reason(
        Wording(
            _("La situation reste à éclaircir. Le mieux est d'en parler : on vous dira qui peut aider."),
            tu=_("La situation reste à éclaircir. Le mieux est d'en parler : on te dira qui peut aider."),
        )
    ),
)
RESULTS: Mapping[Outcome, Result] = {
    Outcome.UNFINISHED: Result(
        title=Wording(_("Quelques questions encore")),
        reasons=((Reason(Wording(_("Il manque encore des réponses pour savoir qui peut aider."))),),),
        service=(),
        prepare=(),
    ),
    Outcome.DANGER: Result(
        title=Wording(
            _("Appelez le 17 ou le 112"),
            tu=_("Appelle le 17 ou le 112"),
        ),
        reasons=(
            (
                Reason(
                    Wording(
                        _("Le tchat n'est pas un service d'urgence : le 17 répond tout de suite."),
                    )
                ),
            ),
        ),
        service=(
            Wording(
                _("Impossible de parler ? Le 114 répond par SMS. Coupez d'abord le son du téléphone."),
                tu=_("Impossible de parler ? Le 114 répond par SMS. Coupe d'abord le son du téléphone."),
                other=_("Impossible de parler ? Le 114 répond par SMS. Il faut d'abord couper le son du téléphone."),
            ),
        ),
        prepare=(
            Wording(
                _("Dites le lieu, ce qui se passe, qui est en danger."),
                tu=_("Dis le lieu, ce qui se passe, qui est en danger."),
                other=_("Dire le lieu, ce qui se passe, qui est en danger."),
            ),
        ),
    ),
    Outcome.SUICIDE: Result(
        title=Wording(
            _("Vous n'avez pas à porter cela sans aide. On peut en parler maintenant."),
            tu=_("Tu n'as pas à porter cela sans aide. On peut en parler maintenant."),
            other=_("On peut en parler maintenant."),
        ),
        reasons=(
            (
                Reason(
                    Wording(
                        _(
                            "Le 3114 vous écoute jour et nuit, gratuitement. Si votre vie est en danger : le 15 ou "
                            "le 17."
                        ),
                        tu=_("Le 3114 t'écoute jour et nuit, gratuitement. Si ta vie est en danger : le 15 ou le 17."),
                        other=_(
                            "Le 3114 répond jour et nuit, gratuitement. Vie en danger tout de suite : le 15 ou le 17."
                        ),
                    )
                ),
            ),
        ),
        service=(
            Wording(
                _("Si parler à voix haute n'est pas possible, écrivez ici."),
                tu=_("Si parler à voix haute n'est pas possible, écris ici."),
            ),
        ),
        prepare=(Wording(_("Rien à préparer.")),),
    ),
    Outcome.CHAT: Result(
        title=Wording(
            _("Vous pouvez parler à un policier ou à un gendarme"),
            tu=_("Tu peux parler à un policier ou à un gendarme"),
        ),
        reasons=(
            (
                Reason(
                    Wording(
                        _(
                            "Quelqu'un demande de l'argent contre des images, et l'âge de la personne n'est pas "
                            "connu : le policier ou le gendarme dira quel service peut aider."
                        )
                    ),
                    _MONEY_AGAINST_IMAGES,
                ),
                *_WHY_CHAT,
            ),
        ),
        service=_CHAT_SERVICE,
        prepare=(_EVIDENCE, _BE_PRECISE, _NOT_ALONE),
    ),
    Outcome.CHAT_MINOR: Result(
        title=Wording(
            _("Vous pouvez parler à un policier ou à un gendarme"),
            tu=_("Tu peux parler à un policier ou à un gendarme"),
        ),
        reasons=(
            (
                Reason(
                    Wording(_("Quelqu'un demande de l'argent contre des images. Pour un mineur, le tchat est ouvert.")),
                    _MONEY_AGAINST_IMAGES,
                ),
                *_WHY_CHAT,
            ),
            (
                Reason(
                    Wording(
                        _("Un enfant ou un adolescent peut signaler, et porter plainte seul."),
                        tu=_("Tu as le droit de signaler, et de porter plainte, sans adulte avec toi."),
                        other=_("Un enfant ou un adolescent peut signaler, et porter plainte seul."),
                    )
                ),
            ),
        ),
        service=_CHAT_SERVICE,
        prepare=(_NO_CAPTURE, _BE_PRECISE, _NOT_ALONE),
    ),
    Outcome.SINGLE_INSULT: Result(
        title=Wording(
            _("Un fait isolé : voici ce qu'il faut savoir"),
        ),
        reasons=(
            (
                Reason(
                    Wording(
                        _(
                            "Le cyberharcèlement suppose que les faits se répètent, ou que plusieurs personnes "
                            "s'y mettent. Ici, c'est arrivé une fois."
                        )
                    )
                ),
            ),
            (Reason(Wording(_("Cela ne veut pas dire que ce n'est rien, et cela peut faire mal."))),),
            (
                Reason(
                    Wording(
                        _(
                            "Les sources officielles ne disent pas toutes la même chose sur ce cas : certaines "
                            "envoient vers 17 Cyber, d'autres vers ce tchat. Vous pouvez choisir d'en parler ici."
                        ),
                        tu=_(
                            "Les sources officielles ne disent pas toutes la même chose sur ce cas : certaines "
                            "envoient vers 17 Cyber, d'autres vers ce tchat. Tu peux choisir d'en parler ici."
                        ),
                    )
                ),
            ),
        ),
        service=(
            Wording(
                _("Dans le tchat, un policier ou un gendarme peut expliquer vos droits et dire qui peut aider."),
                tu=_("Dans le tchat, un policier ou un gendarme peut expliquer tes droits et dire qui peut aider."),
                other=_("Dans le tchat, un policier ou un gendarme peut dire quels sont les droits et qui peut aider."),
            ),
            Wording(_("Si cela recommence, ou si d'autres s'y mettent, le tchat est fait pour cela.")),
        ),
        prepare=(_EVIDENCE, _BE_PRECISE, _NOT_ALONE),
    ),
    Outcome.SEVENTEEN_CYBER_THESEE: Result(
        title=Wording(_("Une arnaque : 17 Cyber, puis THESEE")),
        titles=(
            Reason(
                Wording(
                    _("Ne payez pas, ne répondez plus, gardez les preuves"),
                    tu=_("Ne paie pas, ne réponds plus, garde les preuves"),
                    other=_("Ne pas payer, ne plus répondre, garder les preuves"),
                ),
                _MONEY_AGAINST_IMAGES,
            ),
        ),
        reasons=(
            (
                Reason(
                    Wording(
                        _(
                            "Vous n'y êtes pour rien. C'est un chantage : 17 Cyber mène à THESEE, le service "
                            "qui reçoit les chantages en ligne où de l'argent est demandé."
                        ),
                        tu=_("Tu n'y es pour rien. C'est un chantage : le tchat est ouvert pour toi."),
                        other=_(
                            "La personne n'y est pour rien. C'est un chantage : 17 Cyber mène à THESEE, le service "
                            "qui reçoit les chantages en ligne où de l'argent est demandé."
                        ),
                    ),
                    _MONEY_AGAINST_IMAGES,
                ),
                Reason(
                    Wording(_("Le compte est piraté pour obtenir de l'argent : c'est une arnaque en ligne.")),
                    (When(account_purpose="money"),),
                ),
                Reason(
                    Wording(_("On demande de l'argent pour débloquer un appareil : c'est une arnaque en ligne.")),
                    (When(demand="device"), When(scam="ransom")),
                ),
                Reason(Wording(_("Ces faits sont une arnaque en ligne, et non du cyberharcèlement."))),
            ),
        ),
        service=_destination(Outcome.SEVENTEEN_CYBER_THESEE),
        prepare=(_EVIDENCE, _DATES),
    ),
    Outcome.SEVENTEEN_CYBER_PERCEVAL: Result(
        title=Wording(_("Une carte bancaire utilisée : 17 Cyber, puis PERCEVAL")),
        reasons=(
            (
                Reason(
                    Wording(
                        _("La carte bancaire a été utilisée en ligne sans être perdue : un service est fait pour cela.")
                    )
                ),
            ),
        ),
        service=_destination(Outcome.SEVENTEEN_CYBER_PERCEVAL),
        prepare=(Wording(_("La carte bancaire, et la liste des paiements avec leurs dates.")), _EVIDENCE),
    ),
    Outcome.SEVENTEEN_CYBER_PHAROS: Result(
        title=Wording(_("Un contenu illégal public : 17 Cyber, puis PHAROS")),
        reasons=(
            (Reason(Wording(_("Ce contenu est public et ne vise pas une personne connue : il se signale à PHAROS."))),),
            (Reason(Wording(_("PHAROS ne traite pas les insultes dont on est soi-même la victime."))),),
        ),
        service=_destination(Outcome.SEVENTEEN_CYBER_PHAROS),
        prepare=(_NO_CAPTURE,),
    ),
    Outcome.SEVENTEEN_CYBER_ORGANISATION: Result(
        title=Wording(_("Une organisation touchée : 17 Cyber")),
        reasons=(
            (
                Reason(
                    Wording(_("Une entreprise, une association ou une administration touchée est aidée par 17 Cyber."))
                ),
            ),
            (Reason(Wording(_("Ce tchat est fait pour les personnes visées par du cyberharcèlement."))),),
        ),
        service=_destination(Outcome.SEVENTEEN_CYBER_ORGANISATION),
        prepare=(_EVIDENCE, _DATES),
    ),
    Outcome.SEVENTEEN_CYBER_ASSISTANCE: Result(
        title=Wording(_("Le bon service : 17 Cyber")),
        reasons=(
            (
                Reason(
                    Wording(
                        _(
                            "Ce contenu est illégal mais privé. PHAROS ne traite que ce que tout le monde peut "
                            "voir : 17 Cyber dira à qui s'adresser."
                        )
                    ),
                    (When(content_kind="private"),),
                ),
                Reason(
                    Wording(
                        _(
                            "Le but de ce piratage n'est pas connu. Si de l'argent est en jeu, 17 Cyber est le "
                            "bon service. Si c'est pour faire du mal, le tchat est ouvert."
                        )
                    ),
                    (When(account_purpose="unsure"),),
                ),
                Reason(Wording(_("Un virus ou un piratage d'appareil est aidé par 17 Cyber."))),
            ),
        ),
        service=_destination(Outcome.SEVENTEEN_CYBER_ASSISTANCE),
        prepare=(Wording(_("L'adresse, le compte, les messages, les dates.")),),
    ),
    Outcome.SMS_33700: Result(
        title=Wording(_("Des SMS indésirables : le 33700")),
        reasons=((Reason(Wording(_("Ces SMS sont de la publicité ou un piège envoyé à beaucoup de monde."))),),),
        service=(Wording(_("Le 33700 est le numéro pour signaler les SMS indésirables.")),),
        prepare=(Wording(_("Le SMS reçu, et le numéro qui l'a envoyé.")),),
    ),
}

# A lawyer has yet to read these sentences of the code; the page of the versions shows them to administrators.
TO_VERIFY: Final = (
    (IMAGE_OF_MINOR, "Code pénal, art. 227-23 : capturer ou détenir l'image d'un mineur. À relire par un juriste."),
    (_NO_CAPTURE, "Code pénal, art. 227-23 : capturer ou détenir l'image d'un mineur. À relire par un juriste."),
)

BUILT_IN: Final = Questionnaire(
    version=VERSION, questions=QUESTIONS, decisions=DECISIONS, urgent=URGENT, results=RESULTS
)
