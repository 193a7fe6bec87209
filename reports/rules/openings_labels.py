"""These are the French words for identity disclosure on the screen."""

from django.utils.translation import gettext_lazy as _

from reports.rules.openings import Act, Part, State

STATES = {
    State.ASKED: _("Attend le superviseur"),
    State.COUNTERSIGNED: _("Attend les référents"),
    State.AGREED: _("Accordée : à ouvrir hors ligne"),
    State.BROUGHT: _("Attend la confirmation des référents présents"),
    State.ANSWERED: _("Réponse à lire"),
    State.SHOWN: _("Lue"),
    State.REFUSED: _("Refusée"),
    State.WITHDRAWN: _("Retirée"),
    State.EXPIRED: _("Expirée"),
}
ACTS = {
    Act.ASK: _("Demande faite"),
    Act.COUNTERSIGN: _("Contresignée"),
    Act.AGREE: _("Accord donné"),
    Act.REFUSE: _("Refusée"),
    Act.WITHDRAW: _("Retirée"),
    Act.TAKE: _("Enveloppe retirée"),
    Act.ANSWER: _("Réponse déposée"),
    Act.CONFIRM: _("Confirmé"),
    Act.SHOW: _("Réponse lue, puis effacée"),
    Act.SHOW_HERE: _("Valeur montrée sur place"),
    Act.EXPIRE: _("Terme dépassé"),
    Act.CLAIM: _("Reprise demandée par qui répond maintenant"),
    Act.HAND_OVER: _("Confiée à qui répond maintenant"),
    Act.REVIEW: _("Examen fait"),
}
PARTS = {
    Part.ASKER: _("agent"),
    Part.SUPERVISOR: _("superviseur"),
    Part.CUSTODIAN: _("référent"),
    Part.SUCCESSOR: _("agent qui répond maintenant"),
    Part.SERVICE: _("service"),
}
