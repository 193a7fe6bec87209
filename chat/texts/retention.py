"""These are the sentences on what is kept and on erasure: paragraphs, titles, buttons."""

from django.utils.translation import gettext_lazy as _

from chat.texts.pages import DELETED_ON, DISCREET
from common.texts.catalogue import Place, Variable, add

KEEPING = Place("chat.keeping", "Durée, accès, effacement")
ERASURE = Place("chat.erasure", "Réponse à une demande d'effacement, lue avec un code")

DAYS = Variable("days", "les jours de conservation", "365")
ANSWER_DAYS = Variable("answer_days", "les jours pour répondre à une demande", "30")
ASKED_ON = Variable("asked_on", "le jour de la demande", "3 mars 2027")
ANSWERED_ON = Variable("answered_on", "le jour de la réponse", "10 mars 2027")
AGAIN_ON = Variable("again_on", "le jour à partir duquel on peut demander de nouveau", "9 avril 2027")
ANSWER_BY = Variable("answer_by", "le dernier jour pour répondre", "2 avril 2027")
WORDS_GONE = Variable("words_gone", "le dernier jour où une sauvegarde peut encore montrer des mots", "17 mars 2027")
COPIES_GONE = Variable("copies_gone", "le dernier jour où une sauvegarde garde le reste", "9 avril 2027")
ADDRESS = Variable("address", "l'adresse de la page où le code s'écrit", "/tchat/reprendre/")
# As the page has them, by their names.
VARIABLES = (DAYS, ANSWER_DAYS, ASKED_ON, ANSWERED_ON, AGAIN_ON, ANSWER_BY, WORDS_GONE, COPIES_GONE)

add(
    "keeping.erasure_due",
    KEEPING,
    _(
        "Votre demande d'effacement est acceptée : votre signalement et cet échange seront supprimés le {date} "
        "au plus tôt. Un ajout repousse cette date de quelques jours."
    ),
    _(
        "Ta demande d'effacement est acceptée : ton signalement et cet échange seront supprimés le {date} au "
        "plus tôt. Un ajout repousse cette date de quelques jours."
    ),
    variables=[DELETED_ON],
)
add(
    "keeping.due",
    KEEPING,
    _("Votre signalement et cet échange seront supprimés le {date} au plus tôt."),
    _("Ton signalement et cet échange seront supprimés le {date} au plus tôt."),
    variables=[DELETED_ON],
)
add(
    "keeping.rule",
    KEEPING,
    _(
        "La règle : {days} jours après le dernier geste, de vous ou de la personne qui vous répond. Écrire, "
        "revenir ou ouvrir la page de l'échange repousse la date."
    ),
    _(
        "La règle : {days} jours après le dernier geste, de toi ou de la personne qui te répond. Écrire, revenir "
        "ou ouvrir la page de l'échange repousse la date."
    ),
    variables=[DAYS],
)
add(
    "keeping.words_gone",
    KEEPING,
    _(
        "Si rien ne s'ajoute, ce que vous avez écrit sera effacé, y compris des sauvegardes, au plus tard le "
        "{words_gone}."
    ),
    _("Si rien ne s'ajoute, ce que tu as écrit sera effacé, y compris des sauvegardes, au plus tard le {words_gone}."),
    variables=[WORDS_GONE],
)
add(
    "keeping.rest_gone",
    KEEPING,
    _(
        "Le reste (ce que vous avez coché, votre commune, les jours et les heures, ce qui est sous scellé) disparaîtra "
        "des sauvegardes au plus tard le {copies_gone}."
    ),
    _(
        "Le reste (ce que tu as coché, ta commune, les jours et les heures, ce qui est sous scellé) disparaîtra des "
        "sauvegardes au plus tard le {copies_gone}."
    ),
    variables=[COPIES_GONE],
)
add(
    "keeping.words_identity_gone",
    KEEPING,
    _(
        "Si rien ne s'ajoute, ce que vous avez écrit et ce qui est sous scellé (nom, moyen de vous joindre, "
        "connexions) seront effacés, y compris des sauvegardes, au plus tard le {words_gone}."
    ),
    _(
        "Si rien ne s'ajoute, ce que tu as écrit et ce qui est sous scellé (nom, moyen de te joindre, connexions) "
        "seront effacés, y compris des sauvegardes, au plus tard le {words_gone}."
    ),
    variables=[WORDS_GONE],
)
add(
    "keeping.rest_identity_gone",
    KEEPING,
    _(
        "Le reste (ce que vous avez coché, votre commune, les jours et les heures) disparaîtra des sauvegardes au plus "
        "tard le {copies_gone}."
    ),
    _(
        "Le reste (ce que tu as coché, ta commune, les jours et les heures) disparaîtra des sauvegardes au plus tard "
        "le {copies_gone}."
    ),
    variables=[COPIES_GONE],
)
add(
    "keeping.copies_gone",
    KEEPING,
    _("Si rien ne s'ajoute, tout sera effacé, y compris des sauvegardes, au plus tard le {copies_gone}."),
    variables=[COPIES_GONE],
)
add("keeping.rule_whose", KEEPING, _("Cette durée est fixée par le responsable du service."))
add("keeping.justice", KEEPING, _("La date est repoussée si la justice demande de garder l'échange."))
add(
    "keeping.readers_others",
    KEEPING,
    _("En plus de vous et de votre interlocuteur. Les noms ne sont pas montrés ; le service les connaît."),
    _("En plus de toi et de ton interlocuteur. Les noms ne sont pas montrés ; le service les connaît."),
)
add(
    "keeping.readers_both",
    KEEPING,
    _("Personne d'autre que vous et votre interlocuteur."),
    _("Personne d'autre que toi et ton interlocuteur."),
)
add("keeping.readers_none", KEEPING, _("Personne d'autre que vous."), _("Personne d'autre que toi."))
add(
    "keeping.may_ask",
    KEEPING,
    _("Vous pouvez demander que votre signalement et cet échange soient effacés avant cette date."),
    _("Tu peux demander que ton signalement et cet échange soient effacés avant cette date."),
)
add(
    "keeping.who_decides",
    KEEPING,
    _("Un superviseur décide, sans lire votre échange."),
    _("Un superviseur décide, sans lire ton échange."),
)
add(
    "keeping.answer_days",
    KEEPING,
    _("Réponse prévue en {answer_days} jours au plus, un délai fixé par le responsable du service."),
    variables=[ANSWER_DAYS],
)
add("keeping.may_refuse", KEEPING, _("La demande peut être acceptée ou refusée. Un refus dit pourquoi."))
add(
    "keeping.cnil",
    KEEPING,
    _("Vous pouvez aussi écrire à la CNIL, l'autorité qui protège les données personnelles."),
    _("Tu peux aussi écrire à la CNIL, l'autorité qui protège les données personnelles."),
)
add(
    "keeping.note_first",
    KEEPING,
    _("Notez d'abord ce qui vous est utile : une fois l'échange effacé, personne ne pourra le retrouver."),
    _("Note d'abord ce qui t'est utile : une fois l'échange effacé, personne ne pourra le retrouver."),
)
add(
    "keeping.code_note",
    KEEPING,
    _("Pour lire la réponse plus tard, notez ces cinq mots maintenant : ils ne seront plus affichés."),
    _("Pour lire la réponse plus tard, note ces cinq mots maintenant : ils ne seront plus affichés."),
)
add(
    "keeping.code_where",
    KEEPING,
    _(
        "Ils s'écrivent à la page « Reprendre mon échange », à l'adresse {address} de ce site. Ils montrent la "
        "réponse, pas l'échange."
    ),
    variables=[ADDRESS],
)
add(
    "keeping.code_again",
    KEEPING,
    _("Un code lit la réponse plus tard, même sans l'échange. Un nouveau code remplace celui d'avant."),
)
add(
    "erasure.granted",
    KEEPING,
    _("Votre demande du {asked_on} a été acceptée le {answered_on}."),
    _("Ta demande du {asked_on} a été acceptée le {answered_on}."),
    variables=[ASKED_ON, ANSWERED_ON],
)
add(
    "erasure.refused",
    KEEPING,
    _("Votre demande du {asked_on} a été refusée le {answered_on}, pour ce motif :"),
    _("Ta demande du {asked_on} a été refusée le {answered_on}, pour ce motif :"),
    variables=[ASKED_ON, ANSWERED_ON],
)
add("erasure.unreadable", KEEPING, _("Ce motif ne peut pas être lu en ce moment."))
add(
    "erasure.refused_cnil",
    KEEPING,
    _("Si vous n'êtes pas d'accord, vous pouvez écrire à la CNIL, l'autorité qui protège les données personnelles."),
    _("Si tu n'es pas d'accord, tu peux écrire à la CNIL, l'autorité qui protège les données personnelles."),
)
add(
    "erasure.again_from",
    KEEPING,
    _("Vous pourrez demander de nouveau à partir du {again_on}."),
    _("Tu pourras demander de nouveau à partir du {again_on}."),
    variables=[AGAIN_ON],
)
add(
    "erasure.again_now",
    KEEPING,
    _("Vous pouvez demander de nouveau. Ce motif ne sera alors plus affiché."),
    _("Tu peux demander de nouveau. Ce motif ne sera alors plus affiché."),
)
add("erasure.ask_again", KEEPING, _("Demander de nouveau l'effacement"))
add(
    "erasure.waiting",
    KEEPING,
    _(
        "Votre demande est reçue depuis le {asked_on}. Un superviseur va la décider, sans lire votre échange. "
        "Réponse prévue avant le {answer_by}."
    ),
    _(
        "Ta demande est reçue depuis le {asked_on}. Un superviseur va la décider, sans lire ton échange. Réponse "
        "prévue avant le {answer_by}."
    ),
    variables=[ASKED_ON, ANSWER_BY],
)
add(
    "erasure.late_cnil",
    KEEPING,
    _("Sans réponse à cette date, vous pouvez écrire à la CNIL, l'autorité qui protège les données personnelles."),
    _("Sans réponse à cette date, tu peux écrire à la CNIL, l'autorité qui protège les données personnelles."),
)
add("erasure.words_end", ERASURE, _("Quand tout sera supprimé, ces mots n'ouvriront plus rien."))
add(
    "erasure.words_stay",
    ERASURE,
    _("Les mots que vous avez notés liront aussi la nouvelle réponse."),
    _("Les mots que tu as notés liront aussi la nouvelle réponse."),
)
add("erasure.page_title", ERASURE, _("Demande d'effacement"))
add("keeping.tab_title", KEEPING, _("Ce qui est gardé"))
add("keeping.page_title", KEEPING, _("Ce qui est gardé, et jusqu'à quand"))
add("keeping.readers_title", KEEPING, _("Qui a consulté cet échange"))
add(
    "keeping.reading",
    KEEPING,
    _("{who} {did} le {day} à {hour}"),
    variables=[
        Variable("who", "qui a consulté l'échange", "Un superviseur"),
        Variable("did", "ce que cette personne a fait", "a lu l'échange"),
        Variable("day", "le jour", "3 mars 2027"),
        Variable("hour", "l'heure", "14:35"),
    ],
)
add("keeping.erasure_title", KEEPING, _("Demander l'effacement"))
add(
    "keeping.erasure_due_discreet",
    KEEPING,
    _("Votre demande d'effacement est acceptée : tout sera supprimé le {date} au plus tôt."),
    _("Ta demande d'effacement est acceptée : tout sera supprimé le {date} au plus tôt."),
    variables=[DELETED_ON],
    note=DISCREET,
)
add(
    "keeping.due_discreet",
    KEEPING,
    _("Tout sera supprimé le {date} au plus tôt."),
    variables=[DELETED_ON],
    note=DISCREET,
)
add(
    "keeping.rest_gone_discreet",
    KEEPING,
    _("Le reste disparaîtra des sauvegardes au plus tard le {copies_gone}."),
    variables=[COPIES_GONE],
    note=DISCREET,
)
add(
    "keeping.may_ask_discreet",
    KEEPING,
    _("Vous pouvez demander que tout soit effacé avant cette date."),
    _("Tu peux demander que tout soit effacé avant cette date."),
    note=DISCREET,
)
