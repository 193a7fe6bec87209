"""This module has what an agent is offered to say in an emergency, beside each step of the procedure: in the language
of the person."""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, add

EMERGENCY = Place("chat.emergency", "Console : procédure d'urgence, ce que l'agent peut dire", "l'agent, qui l'écrit")

SAFETY = add(
    "emergency.safety",
    EMERGENCY,
    _("Êtes-vous en sécurité, là, maintenant ? En danger, appelez le {numero_police} ; par SMS, le {numero_sms}."),
    _("Es-tu en sécurité, là, maintenant ? En danger, appelle le {numero_police} ; par SMS, le {numero_sms}."),
)
CAN_TALK = add(
    "emergency.can_talk",
    EMERGENCY,
    _("Pouvez-vous parler ? Est-ce que quelqu'un voit votre écran ?"),
    _("Est-ce que tu peux parler ? Est-ce que quelqu'un voit ton écran ?"),
)
LOCATION = add(
    "emergency.location",
    EMERGENCY,
    _("Où êtes-vous exactement ? L'adresse, l'étage, le code."),
    _("Où es-tu exactement ? L'adresse, l'étage, le code."),
)
BY_TEXT = add(
    "emergency.by_text",
    EMERGENCY,
    _("Si vous ne pouvez pas parler, coupez le son et envoyez un SMS au {numero_sms}."),
    _("Si tu ne peux pas parler, coupe le son et envoie un SMS au {numero_sms}."),
)
STAYED = add("emergency.stayed", EMERGENCY, _("Je reste là avec vous."), _("Je reste là avec toi."))
REACHED = add(
    "emergency.reached",
    EMERGENCY,
    _("Avez-vous pu joindre quelqu'un ?"),
    _("Est-ce que tu as pu joindre quelqu'un ?"),
)
CALL_NOW = add(
    "emergency.call_now",
    EMERGENCY,
    _("Appelez le {numero_police} ou le {numero_europe} maintenant. C'est gratuit, jour et nuit."),
    _("Appelle le {numero_police} ou le {numero_europe} maintenant. C'est gratuit, jour et nuit."),
)
SUICIDE = add(
    "emergency.suicide",
    EMERGENCY,
    _("Au {numero_suicide}, quelqu'un vous écoute, jour et nuit. C'est gratuit."),
    _("Au {numero_suicide}, quelqu'un t'écoute, jour et nuit. C'est gratuit."),
)
LIFE = add(
    "emergency.life",
    EMERGENCY,
    _("Si votre vie est en danger, appelez le {numero_samu} ou le {numero_police} maintenant."),
    _("Si ta vie est en danger, appelle le {numero_samu} ou le {numero_police} maintenant."),
)
CHILD = add(
    "emergency.child",
    EMERGENCY,
    _("Le {numero_enfance} aide les enfants en danger, jour et nuit. C'est gratuit."),
)
AT_ONCE = add(
    "emergency.at_once",
    EMERGENCY,
    _("En danger tout de suite : appelez le {numero_police} ou le {numero_europe}."),
    _("En danger tout de suite : appelle le {numero_police} ou le {numero_europe}."),
)
