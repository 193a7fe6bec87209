"""These are the sentences of captures: the question before the first one, the page, what is wrong with a file, what was
done."""

from django.utils.translation import gettext_lazy as _

from chat.texts.pages import DISCREET
from common.texts.catalogue import Place, Variable, add

CAPTURES = Place("chat.captures", "Captures")
MOST = Variable("most", "le nombre permis", "20")
SIZE = Variable("size", "la taille permise, en mégaoctets", "15")
COUNT = Variable("count", "le nombre de captures", "3")
PERCENT = Variable("percent", "la part envoyée, en pour cent", "40")

add("captures.title", CAPTURES, _("Captures"))
add("captures.title_discreet", CAPTURES, _("Mes documents"), note=DISCREET)
add(
    "captures.private_told",
    CAPTURES,
    _("Ce que vous envoyez ici est gardé scellé. Votre interlocuteur ne le voit que si vous le lui montrez."),
    _("Ce que tu envoies ici est gardé scellé. Ton interlocuteur ne le voit que si tu le lui montres."),
)
add(
    "captures.private_told_discreet",
    CAPTURES,
    _("Ce que vous envoyez ici reste privé tant que vous ne le montrez pas."),
    _("Ce que tu envoies ici reste privé tant que tu ne le montres pas."),
    note=DISCREET,
)
add("captures.closed", CAPTURES, _("L'échange est terminé. Ce que vous montrez s'y ajoute."),
    _("L'échange est terminé. Ce que tu montres s'y ajoute."))  # fmt: skip

add("captures.by_code", CAPTURES, _("Avec ce code, seul ce qui a été envoyé ici se lit sur cette page."))

# The question before the first capture, and what follows a « yes ».
QUESTION = add(
    "captures.question",
    CAPTURES,
    _("Montre-t-elle le corps nu ou une scène sexuelle d'une personne de moins de 18 ans ?"),
)
add("captures.question_title", CAPTURES, _("Avant d'envoyer une image"))
add(
    "captures.question_why",
    CAPTURES,
    _("L'image sexuelle d'un mineur : ne l'enregistrez pas et ne l'envoyez pas, ici non plus, même pour prouver ce que "
      "vous subissez. N'effacez pas la conversation où elle est. Répondez pour toutes les images que vous voulez "
      "envoyer."),
    _("Une image sexuelle d'un mineur, même de toi : ne l'enregistre pas et ne l'envoie pas, ici non plus. N'efface "
      "pas la conversation où elle est. Ce n'est pas ta faute. Réponds pour toutes les images que tu veux envoyer."),
)  # fmt: skip
add("captures.question_unsure", CAPTURES, _("Dans le doute, répondez oui : vous pourrez en parler."),
    _("Dans le doute, réponds oui : tu pourras en parler."))  # fmt: skip
ANSWER_MISSING = add("captures.answer_missing", CAPTURES, _("Répondez oui ou non."), _("Réponds oui ou non."))
add("captures.nothing_taken_title", CAPTURES, _("N'envoyez pas cette image"), _("N'envoie pas cette image"))
add(
    "captures.nothing_taken",
    CAPTURES,
    _("Rien n'est reçu ici, et vous n'avez rien fait de mal en demandant. Ne la copiez pas et ne l'envoyez à personne. "
      "Notez plutôt son adresse : les enquêteurs peuvent la retrouver sans vous."),
    _("Rien n'est reçu ici, et tu n'as rien fait de mal en demandant. Ne la copie pas et ne l'envoie à personne. "
      "Note plutôt son adresse : les enquêteurs peuvent la retrouver sans toi."),
)  # fmt: skip
add(
    "captures.nothing_taken_discreet",
    CAPTURES,
    _("Rien n'est reçu ici, et vous n'avez rien fait de mal en demandant. Ne la copiez pas et ne l'envoyez à personne. "
      "Notez plutôt son adresse : elle peut être retrouvée sans vous."),
    _("Rien n'est reçu ici, et tu n'as rien fait de mal en demandant. Ne la copie pas et ne l'envoie à personne. "
      "Note plutôt son adresse : elle peut être retrouvée sans toi."),
    note=DISCREET,
)  # fmt: skip
add(
    "captures.who_helps",
    CAPTURES,
    _("Le 3018 peut demander aux plateformes de retirer l'image ; elles décident. Si tout le monde peut la voir, elle "
      "se signale à PHAROS, par 17 Cyber. Le 119 aide un enfant en danger."),
)  # fmt: skip
ADDRESS_LABEL = add("captures.address_label", CAPTURES, _("Adresse (lien) de l'image, compte ou groupe"))
ADDRESS_HINT = add("captures.address_hint", CAPTURES, _("Elle est gardée avec vos faits notés, pour vous seulement."),
                   _("Elle est gardée avec tes faits notés, pour toi seulement."))  # fmt: skip
ADDRESS_EMPTY = add("captures.address_empty", CAPTURES, _("Écrivez l'adresse, ou le nom du compte."),
                    _("Écris l'adresse, ou le nom du compte."))  # fmt: skip
ADDRESS_LONG = add("captures.address_long", CAPTURES, _("Cette adresse est trop longue : {most} caractères au plus."),
                   variables=[Variable("most", "le nombre de caractères permis", "500")])  # fmt: skip
ADDRESS_NOTED = add("captures.address_noted", CAPTURES, _("C'est noté dans vos faits, pour vous seulement."),
                    _("C'est noté dans tes faits, pour toi seulement."))  # fmt: skip
FACT_WHAT = add(
    "captures.fact_what",
    CAPTURES,
    _("Image sexuelle ou nue d'une personne de moins de 18 ans, signalée sans être envoyée."),
)

# The page.
add("captures.new_title", CAPTURES, _("Envoyer une capture"))
add("captures.new_title_discreet", CAPTURES, _("Envoyer un document"), note=DISCREET)
add(
    "captures.with_fact",
    CAPTURES,
    _("Ce que vous envoyez maintenant va avec le fait noté : {when}."),
    _("Ce que tu envoies maintenant va avec le fait noté : {when}."),
    variables=[Variable("when", "la date du fait", "vers le 12 mars 2027")],
)
add(
    "captures.of_fact",
    CAPTURES,
    _("avec le fait n° {number}"),
    variables=[Variable("number", "le numéro du fait", "3")],
)
FILE_HINT = add(
    "captures.file_hint",
    CAPTURES,
    _("PNG, JPEG, WebP, HEIC, GIF ou PDF. {size} Mo au plus, {most} fichiers au plus."),
    variables=[SIZE, MOST],
)
add("captures.drop", CAPTURES, _("Vous pouvez aussi coller une image, ou la déposer ici."),
    _("Tu peux aussi coller une image, ou la déposer ici."))  # fmt: skip
LIST_TITLE = add("captures.list_title", CAPTURES, _("Vos captures"), _("Tes captures"))
LIST_TITLE_DISCREET = add(
    "captures.list_title_discreet", CAPTURES, _("Vos documents"), _("Tes documents"), note=DISCREET
)
add("captures.none", CAPTURES, _("Rien n'est encore arrivé ici."))
NOT_TAKEN = add(
    "captures.not_taken",
    CAPTURES,
    _("Ce service ne reçoit pas de captures en ce moment. Gardez les vôtres."),
    _("Ce service ne reçoit pas de captures en ce moment. Garde les tiennes."),
)
add("captures.is_private", CAPTURES, _("Privé"))
add("captures.is_shown", CAPTURES, _("Montré, pas encore vu"))
add("captures.is_read", CAPTURES, _("Vu par votre interlocuteur"), _("Vu par ton interlocuteur"))
add(
    "captures.is_arriving",
    CAPTURES,
    _("Envoi interrompu à {percent} %. Choisissez le même fichier pour continuer. "
      "Sinon, ce début s'efface seul après un jour."),
    _("Envoi interrompu à {percent} %. Choisis le même fichier pour continuer. "
      "Sinon, ce début s'efface seul après un jour."),
    variables=[PERCENT],
)  # fmt: skip
add("captures.is_unreadable", CAPTURES, _("Reçu, mais illisible ici : l'original est gardé."))
add("captures.is_late", CAPTURES, _("Pas encore préparé : le service n'en a pas eu le temps. L'original est gardé."))
add(
    "captures.is_locked",
    CAPTURES,
    _("Cette image a été mise de côté : la loi peut interdire de la garder. Personne ne la voit plus. "
      "Ce n'est pas votre faute."),
    _("Cette image a été mise de côté : la loi peut interdire de la garder. Personne ne la voit plus. "
      "Ce n'est pas ta faute."),
)  # fmt: skip
add("captures.read_stays", CAPTURES, _("Ce qui a été vu reste dans l'échange, comme un message."))
# The page's script fills these in.
SENDING = add("captures.sending", CAPTURES, _("Envoi : {percent} %"), variables=[PERCENT])
WAITING_LINE = add("captures.waiting_line", CAPTURES, _("La connexion est coupée. L'envoi reprendra de lui-même."))
WAITING_TURN = add(
    "captures.waiting_turn",
    CAPTURES,
    _("Beaucoup de fichiers arrivent en ce moment. Le vôtre attend son tour, puis part de lui-même."),
    _("Beaucoup de fichiers arrivent en ce moment. Le tien attend son tour, puis part de lui-même."),
)
SENT = add("captures.sent", CAPTURES, _("Reçu, pour vous seulement."), _("Reçu, pour toi seulement."))
# Of a file that was sent before, and is chosen again.
SENT_BEFORE = add("captures.sent_before", CAPTURES, _("Ce fichier était déjà là. La liste dit s'il est montré."))
JOINED = add("captures.joined", CAPTURES, _("Ce fichier était déjà là. Il va avec ce fait, la liste le dit."))
NOT_JOINED = add(
    "captures.not_joined",
    CAPTURES,
    _("Ce fichier était déjà là, et ne va pas avec ce fait : il a été vu, ou va avec un autre."),
)
STOPPED = add("captures.stopped", CAPTURES, _("Envoi arrêté."))
FOLDER = add("captures.folder", CAPTURES, _("C'est un dossier. Ouvrez-le, et choisissez les images qu'il contient."),
    _("C'est un dossier. Ouvre-le, et choisis les images qu'il contient."))  # fmt: skip
UNREAD = add(
    "captures.unread",
    CAPTURES,
    _("Cet appareil n'a pas pu lire le fichier jusqu'au bout. Choisissez-le de nouveau."),
    _("Cet appareil n'a pas pu lire le fichier jusqu'au bout. Choisis-le de nouveau."),
)
# Said where a file was pasted or dropped and is not taken.
add("captures.elsewhere", CAPTURES, _("Les images et les PDF s'envoient sur une autre page. Votre texte reste ici."),
    _("Les images et les PDF s'envoient sur une autre page. Ton texte reste ici."))  # fmt: skip
add("captures.elsewhere_ended", CAPTURES, _("Les images et les PDF s'envoient encore, sur une autre page."))
add(
    "captures.question_first",
    CAPTURES,
    _("Répondez d'abord à cette question. Puis collez ou déposez le fichier de nouveau."),
    _("Réponds d'abord à cette question. Puis colle ou dépose le fichier de nouveau."),
)

# What whoever answers hands to the person.
HANDED_OVER = add(
    "captures.handed_over",
    CAPTURES,
    _("Un document vous a été envoyé. Le bouton « Voir le document », sous les messages, y mène."),
    _("Un document t'a été envoyé. Le bouton « Voir le document », sous les messages, y mène."),
)
add("captures.handed_title", CAPTURES, _("Envoyé par votre interlocuteur"), _("Envoyé par ton interlocuteur"))
add("captures.handed_waits", CAPTURES, _("Il est en préparation : rechargez la page dans un instant."),
    _("Il est en préparation : recharge la page dans un instant."))  # fmt: skip
add(
    "captures.handed_late",
    CAPTURES,
    _("Il n'est pas encore prêt : le service n'en a pas eu le temps. Revenez plus tard."),
    _("Il n'est pas encore prêt : le service n'en a pas eu le temps. Reviens plus tard."),
)
add("captures.handed_unreadable", CAPTURES, _("Il ne peut pas être montré ici. Demandez-en un autre."),
    _("Il ne peut pas être montré ici. Demandes-en un autre."))  # fmt: skip
add("captures.handed_more", CAPTURES, _("Les pages suivantes ne sont pas montrées."))

# They are shown beside the field, or answer the script's requests.
FILE_MISSING = add("captures.file_missing", CAPTURES, _("Choisissez un fichier."), _("Choisis un fichier."))
EMPTY = add("captures.empty", CAPTURES, _("Ce fichier est vide. Choisissez-en un autre."),
            _("Ce fichier est vide. Choisis-en un autre."))  # fmt: skip
TOO_LARGE = add(
    "captures.too_large",
    CAPTURES,
    _("Ce fichier est trop gros : {size} Mo au plus. Une capture d'écran en fait moins."),
    variables=[SIZE],
)
TOO_OFTEN = add(
    "captures.too_often",
    CAPTURES,
    _("Beaucoup de fichiers ont été envoyés en une heure. Gardez celui-ci, et envoyez-le un peu plus tard."),
    _("Beaucoup de fichiers ont été envoyés en une heure. Garde celui-ci, et envoie-le un peu plus tard."),
)
NO_ROOM = add(
    "captures.no_room",
    CAPTURES,
    _("Il n'y a plus de place : {size} Mo en tout. Effacez une capture pour en envoyer une autre."),
    _("Il n'y a plus de place : {size} Mo en tout. Efface une capture pour en envoyer une autre."),
    variables=[SIZE],
)
TOO_MANY_FILES = add(
    "captures.too_many_files", CAPTURES, _("Le nombre de captures permis est atteint : {most}."), variables=[MOST]
)
UNKNOWN_KIND = add(
    "captures.unknown_kind",
    CAPTURES,
    _("Ce fichier n'est ni une image ni un PDF qui se lit ici. Faites-en une capture d'écran, puis envoyez-la."),
    _("Ce fichier n'est ni une image ni un PDF qui se lit ici. Fais-en une capture d'écran, puis envoie-la."),
)
AWAY = add("captures.away", CAPTURES, _("L'envoi n'a pas abouti. Rien n'est perdu : réessayez dans un instant."),
           _("L'envoi n'a pas abouti. Rien n'est perdu : réessaie dans un instant."))  # fmt: skip
GONE = add("captures.gone", CAPTURES, _("Cette capture n'est plus là. Envoyez-la de nouveau."),
           _("Cette capture n'est plus là. Envoie-la de nouveau."))  # fmt: skip
TOO_MANY = add("captures.too_many", CAPTURES, _("Beaucoup de gestes à la fois. Réessayez dans un instant."),
               _("Beaucoup de gestes à la fois. Réessaie dans un instant."))  # fmt: skip

# What was done, or could not be.
ARRIVED = add("captures.arrived", CAPTURES, _("C'est reçu, pour vous seulement."), _("C'est reçu, pour toi seulement."))
ERASED = add("captures.erased", CAPTURES, _("C'est effacé."))
ERASED_SOME = add("captures.erased_some", CAPTURES, _("Effacé : {count}."), variables=[COUNT])
SHOWN = add("captures.shown", CAPTURES, _("Montré à votre interlocuteur : {count}."),
            _("Montré à ton interlocuteur : {count}."), variables=[COUNT])  # fmt: skip
TAKEN_BACK = add("captures.taken_back", CAPTURES, _("De nouveau privé : {count}."), variables=[COUNT])
READ_ALREADY = add(
    "captures.read_already",
    CAPTURES,
    _("Déjà vu par votre interlocuteur, cela reste dans l'échange : {count}."),
    _("Déjà vu par ton interlocuteur, cela reste dans l'échange : {count}."),
    variables=[COUNT],
)
NOTHING_TICKED = add("captures.nothing_ticked", CAPTURES, _("Rien n'a changé : cochez d'abord ce qui est concerné."),
                     _("Rien n'a changé : coche d'abord ce qui est concerné."))  # fmt: skip
