"""The rules and the words of the questionnaire that the code brings. See questionnaire.py for what they mean.

Source of the destinations: the table « Where each situation goes » of the service's reference facts; of the law: code
pénal, art. 222-33-2-2. The degrees of urgency are this service's own choice: they order the queue, nothing else.
"""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from triage.outcomes import DESTINATIONS, Outcome
from triage.questionnaire import Decision, Questionnaire, Reason, Result
from triage.questions import OTHERS, QUESTIONS, VERSION, When, Wording

# --- the rules ----------------------------------------------------------------------------------------------------

# Money asked against intimate images, by whichever way the person told it. An image that is humiliating without being
# intimate counts too: money is what takes it out of harassment.
_MONEY_AGAINST_IMAGES: Final = ({"scam": "image"}, {"blackmail_image": "yes"}, {"image_money": "yes"})
_MONEY_AGAINST_IMAGES_ASKED: Final = tuple(When(**told) for told in _MONEY_AGAINST_IMAGES)

DECISIONS: tuple[Decision, ...] = (
    Decision(Outcome.SEVENTEEN_CYBER_ORGANISATION, (When(role="organisation"),)),
    # A minor is heard here. So is somebody whose age is not known: sending a child away would be the worse error.
    Decision(
        Outcome.SEVENTEEN_CYBER_THESEE,
        (
            *(When(**told, role="victim", age="adult") for told in _MONEY_AGAINST_IMAGES),
            *(When(**told, role=OTHERS, victim_age="adult") for told in _MONEY_AGAINST_IMAGES),
        ),
    ),
    Decision(Outcome.CHAT, _MONEY_AGAINST_IMAGES_ASKED),
    Decision(Outcome.SEVENTEEN_CYBER_PERCEVAL, (When(scam="card"),)),
    Decision(Outcome.SEVENTEEN_CYBER_ASSISTANCE, (When(scam="card_lost"),)),
    Decision(
        Outcome.SEVENTEEN_CYBER_THESEE,
        (
            When(scam=("sale", "romance", "mailbox", "ransom", "other")),
            When(device_money="yes"),
            When(account_purpose="money"),
        ),
    ),
    Decision(Outcome.SEVENTEEN_CYBER_ASSISTANCE, (When(device_money=("no", "unsure")), When(account_purpose="unsure"))),
    Decision(Outcome.SEVENTEEN_CYBER_PHAROS, (When(content_public="public"),)),
    # PHAROS takes only what anyone can see.
    Decision(Outcome.SEVENTEEN_CYBER_ASSISTANCE, (When(content_public="private"),)),
    Decision(Outcome.SMS_33700, (When(sms_kind="spam"),)),
    Decision(Outcome.SINGLE_INSULT, (When(single_act=("insult", "other")),)),
)

_COUPLE: Final = (When(facts="couple"), When(author="couple"))
# A threat, a blackmail or a sexual threat, even once.
_GRAVE_ACT: Final = (When(single_act=("threat", "blackmail")), When(facts="threat"))
_INTIMATE: Final = (When(image_kind="intimate"), When(account_purpose="image"))
URGENT: tuple[When, ...] = (*_GRAVE_ACT, *_INTIMATE, *_MONEY_AGAINST_IMAGES_ASKED, *_COUPLE)

# --- the words ----------------------------------------------------------------------------------------------------

_EVIDENCE: Final = Wording(
    _("Des captures d'écran, les messages, les sons ou les vidéos, avec leurs dates."),
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
    Wording(
        _("Pas de compte, pas de nom à donner. C'est la même personne pendant tout l'échange."),
    ),
    Wording(
        _("Un échange dure 55 minutes en moyenne. On peut ensuite vous accompagner pour porter plainte."),
        tu=_("Un échange dure 55 minutes en moyenne. On peut ensuite t'accompagner pour porter plainte."),
    ),
)


def _destination(outcome: Outcome) -> tuple[Wording, ...]:
    """What 17 Cyber does, then where it leads from there."""
    return (_OF_17_CYBER, Wording(DESTINATIONS[outcome].explanation))


# The end of the reasons of a chat: those that hold for an adult and for a minor alike.
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
    Reason(
        Wording(_("Une personne recommence : c'est ce qui fait le cyberharcèlement.")), (When(repetition="repeated"),)
    ),
    Reason(
        Wording(
            _(
                "Plusieurs personnes s'y mettent : c'est du cyberharcèlement, même si chacune n'agit qu'une fois "
                "en sachant que les autres le font."
            )
        ),
        (When(repetition="group"),),
    ),
    Reason(
        Wording(_("Une image sert à faire du mal, sans demande d'argent connue.")),
        (When(image_money=("no", "unsure")),),
    ),
    Reason(
        Wording(_("Une page, un groupe ou une discussion contre quelqu'un est du ressort de ce tchat.")),
        (When(facts="page"),),
    ),
    Reason(
        Wording(_("Le compte ou l'identité sert à faire du mal, et non à obtenir de l'argent.")),
        (When(account_purpose="hurt"),),
    ),
    Reason(Wording(_("Les violences en ligne dans un couple, ou par un ex, sont du ressort de ce tchat.")), _COUPLE),
    Reason(
        Wording(
            _("La situation reste à éclaircir. Le mieux est d'en parler : on vous dira qui peut aider."),
            tu=_("La situation reste à éclaircir. Le mieux est d'en parler : on te dira qui peut aider."),
        )
    ),
)
_WHY_COUPLE: Final = (
    Reason(Wording(_("Cela vient d'un partenaire ou d'un ex : l'agent en tiendra compte.")), (When(author="couple"),)),
)

RESULTS: Mapping[Outcome, Result] = {
    Outcome.UNFINISHED: Result(
        title=Wording(_("Quelques questions encore")),
        reasons=((Reason(Wording(_("Il manque encore des réponses pour savoir qui peut aider."))),),),
        service=(),
        prepare=(),
    ),
    Outcome.DANGER: Result(
        title=Wording(_("Demander de l'aide tout de suite")),
        reasons=(
            (
                Reason(
                    Wording(
                        _(
                            "Quelqu'un est en danger maintenant. Le tchat n'est pas un service d'urgence : le 17 "
                            "répond tout de suite."
                        )
                    )
                ),
            ),
        ),
        service=(
            Wording(_("Le 17 et le 112 joignent la police ou la gendarmerie. L'appel est gratuit, à toute heure.")),
            Wording(_("Impossible de parler ? Le 114 répond par SMS, sans bruit.")),
        ),
        prepare=(
            Wording(_("L'adresse ou le lieu où envoyer de l'aide.")),
            Wording(_("Ce qui se passe, et qui est en danger.")),
        ),
    ),
    Outcome.SUICIDE: Result(
        title=Wording(_("Parler maintenant à quelqu'un, au 3114")),
        reasons=(
            (
                Reason(
                    Wording(
                        _(
                            "La souffrance peut devenir trop lourde. On peut en parler, même sans savoir par où "
                            "commencer."
                        )
                    )
                ),
            ),
            (
                Reason(
                    Wording(
                        _(
                            "Le 3114 répond jour et nuit, gratuitement. Si une vie est en danger tout de suite, "
                            "c'est le 15 ou le 17."
                        )
                    )
                ),
            ),
        ),
        service=(Wording(_("Le 3114 est le numéro de prévention du suicide.")),),
        prepare=(Wording(_("Rien à préparer. Il suffit d'appeler.")),),
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
                    _MONEY_AGAINST_IMAGES_ASKED,
                ),
                *_WHY_CHAT,
            ),
            _WHY_COUPLE,
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
                    _MONEY_AGAINST_IMAGES_ASKED,
                ),
                *_WHY_CHAT,
            ),
            _WHY_COUPLE,
            (
                Reason(
                    Wording(
                        _("Un enfant ou un adolescent peut signaler, et porter plainte seul."),
                        tu=_("Tu as le droit de signaler, et de porter plainte, sans adulte avec toi."),
                        other=_("Un enfant ou un adolescent peut signaler, et porter plainte seul."),
                    )
                ),
            ),
            (
                Reason(
                    Wording(
                        _(
                            "Le danger est à la maison : le 119 aide les enfants en danger. Si c'est maintenant, "
                            "c'est le 17."
                        ),
                    ),
                    (When(home="yes"),),
                ),
            ),
        ),
        service=_CHAT_SERVICE,
        prepare=(_EVIDENCE, _BE_PRECISE, _NOT_ALONE),
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
            (
                Reason(
                    Wording(_("Cela ne veut pas dire que ce n'est rien. Une insulte ou une diffamation compte aussi.")),
                    (When(single_act="insult"),),
                ),
                Reason(Wording(_("Cela ne veut pas dire que ce n'est rien, et cela peut faire mal."))),
            ),
            (
                Reason(
                    Wording(
                        _(
                            "Le message est public, mais PHAROS ne traite pas les insultes dont on est soi-même "
                            "la victime."
                        )
                    ),
                    (When(insult_public="public"),),
                ),
            ),
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
            ),
            Wording(_("Si cela recommence, ou si d'autres s'y mettent, le tchat est fait pour cela.")),
        ),
        prepare=(_EVIDENCE, _BE_PRECISE, _NOT_ALONE),
    ),
    Outcome.SEVENTEEN_CYBER_THESEE: Result(
        title=Wording(_("Une arnaque : 17 Cyber, puis THESEE")),
        reasons=(
            (
                Reason(
                    Wording(
                        _(
                            "On demande de l'argent contre des images : pour un adulte, un service est fait pour "
                            "cela. La personne visée n'y est pour rien."
                        )
                    ),
                    _MONEY_AGAINST_IMAGES_ASKED,
                ),
                Reason(
                    Wording(_("Le compte est piraté pour obtenir de l'argent : c'est une arnaque en ligne.")),
                    (When(account_purpose="money"), When(scam="mailbox")),
                ),
                Reason(
                    Wording(_("On demande de l'argent pour débloquer un appareil : c'est une arnaque en ligne.")),
                    (When(device_money="yes"), When(scam="ransom")),
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
        prepare=(Wording(_("L'adresse internet de la page ou du compte.")), _EVIDENCE),
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
                    (When(content_public="private"),),
                ),
                Reason(
                    Wording(_("La carte bancaire a été perdue ou volée : 17 Cyber dira quelle démarche suivre.")),
                    (When(scam="card_lost"),),
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
        prepare=(_EVIDENCE, _DATES),
    ),
    Outcome.SMS_33700: Result(
        title=Wording(_("Des SMS indésirables : le 33700")),
        reasons=((Reason(Wording(_("Ces SMS sont de la publicité ou un piège envoyé à beaucoup de monde."))),),),
        service=(Wording(_("Le 33700 est le numéro pour signaler les SMS indésirables.")),),
        prepare=(Wording(_("Le SMS reçu, et le numéro qui l'a envoyé.")),),
    ),
}

BUILT_IN: Final = Questionnaire(
    version=VERSION, questions=QUESTIONS, decisions=DECISIONS, urgent=URGENT, results=RESULTS
)
