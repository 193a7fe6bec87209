"""What the pages of the signalement say to whoever fills it in."""

from django.utils.translation import gettext_lazy as _

from sentences.catalogue import Place, add

REPORT = Place("report.form", "Signalement")
ALREADY = Place("report.already", "Signalement déjà envoyé")

add(
    "report.told",
    REPORT,
    _("Cochez ce qui aide à vous comprendre. Rien n’est obligatoire, et votre nom n’est pas demandé."),
    _("Coche ce qui aide à te comprendre. Rien n’est obligatoire, et on ne demande pas ton nom."),
)
add(
    "report.sealed_told",
    REPORT,
    _(
        "Vous pouvez laisser ces deux lignes vides : rien ne change pour vous. Ce que vous écrivez ici est "
        "chiffré dès l’arrivée. L’agent qui vous répond ne peut pas le lire, et nous non plus. On ne peut "
        "l’ouvrir qu’après autorisation du procureur de la République, pour les faits les plus graves."
    ),
    _(
        "Tu peux laisser ces deux lignes vides : rien ne change pour toi. Ce que tu écris ici est chiffré dès "
        "l’arrivée. L’agent qui te répond ne peut pas le lire, et nous non plus. On ne peut l’ouvrir qu’après "
        "autorisation du procureur de la République, pour les faits les plus graves."
    ),
)
add("report.next_title", REPORT, _("Et ensuite ?"))
add(
    "report.next_waiting",
    REPORT,
    _("Vous entrez dans la salle d’attente. Un policier ou un gendarme vous répond par tchat."),
    _("Tu entres dans la salle d’attente. Un policier ou un gendarme te répond par tchat."),
)
add(
    "report.next_anonymity",
    REPORT,
    _("L’anonymat pourra être levé après autorisation du procureur de la République, pour les faits les plus graves."),
)
add("report.already_title", ALREADY, _("Votre signalement est déjà envoyé"), _("Ton signalement est déjà envoyé"))
add(
    "report.already_told",
    ALREADY,
    _("Votre échange est ouvert. Vous n’avez rien à répéter : vous pouvez y revenir."),
    _("Ton échange est ouvert. Tu n’as rien à répéter : reviens-y quand tu veux."),
)
