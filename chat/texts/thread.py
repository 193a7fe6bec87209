"""These are the sentences of an exchange: the lines that Pnav writes in the thread, and the words of its page.

A line of the thread is stored as it was said, so that a later change of its sentence does not change it. Where somebody
may see the screen, a line of a proposal or of a summary leads to a page that is folded and says the whole (ADR 0111).
The sentences of the other pages are in `chat.texts.pages`.
"""

from django.utils.translation import gettext_lazy as _

from common.texts.catalogue import Place, Variable, add

THREAD = Place("chat.thread", "Échange : ce que Pnav écrit dans le fil", "la personne et son agent")
PROPOSALS = Place("chat.proposals", "Échange : propositions et transmission", "la personne et son agent")
QUEUE = Place("chat.queue", "Salle d'attente : place et durée")
ALERTS = Place("chat.alerts", "Salle d'attente : écran allumé et alertes")
FACTS = Place("chat.facts", "Salle d'attente : ce que l'on coche")
LINE = Place("chat.line", "Page de l'échange : connexion et messages")
LEFT_QUEUE = Place("chat.left_queue", "File d'attente quittée avant une réponse")
CODE = Place("chat.code", "Code de reprise")

NAME = Variable("name", "qui répond, tel que la personne le lit", "Camille, gendarmerie")
UNIT = Variable("unit", "l'unité à qui le résumé est transmis", "Brigade de Rennes")
NUMBER = Variable("number", "le numéro de dossier", "DOSSIER-7K2M")
BRING = Variable("bring", "ce qu'il faut apporter", "captures d'écran, messages, certificat médical")
WHERE = Variable("where", "le service, son adresse et son téléphone", "Commissariat, 1 rue de la Paix, Rennes")
WHEN = Variable("when", "les horaires du service", "tous les jours 24h/24")
MOMENT = Variable("moment", "le jour et l'heure", "jeudi 26 novembre 2026, 14 h 30")
ONE_PAGE = Variable("page", "le nom de la page du papier à montrer", "« Mon rendez-vous »")

# A victim is proposed to file a complaint; who helps them, what their own role allows.
FOR_A_WITNESS = "À la place de « Porter plainte », quand un témoin écrit."
FOR_A_RELATIVE = "À la place de « Porter plainte », quand un proche écrit."
WHEN_WATCHED = "Quand quelqu'un peut voir l'écran : ne dit ni ce qui est proposé, ni par qui, ni où, ni quand."
FOR_A_PROFESSIONAL = "À la place de « Porter plainte », quand un professionnel écrit."

# --- lines of the thread: beginning, end, coming back -----------------------------------------------------------------

ARRIVED = add("chat.arrived", THREAD, _("{name} est là. L'échange peut commencer."), variables=[NAME])
LOST_AGENT = add(
    "chat.lost_agent",
    THREAD,
    _(
        "La connexion avec l'agent est perdue : ce n'est la faute de personne ici. "
        "La place est gardée et une autre personne va répondre ; elle pourra lire les messages."
    ),
)
IDLE_AGENT = add(
    "chat.idle_agent",
    THREAD,
    _(
        "L'agent n'a pas répondu : ce n'est la faute de personne ici. La place est gardée et une autre personne va "
        "répondre ; elle pourra lire les messages."
    ),
)
SLEPT = add(
    "chat.slept",
    THREAD,
    _(
        "Le tour est venu pendant que cette page était en veille, et la personne suivante est passée. La place est "
        "gardée : quelqu'un va répondre."
    ),
)
DORMANT = add(
    "chat.dormant",
    THREAD,
    _(
        "Aucun signe depuis {minutes} minutes : l'échange est mis en veille. Il reste ouvert, avec le même agent, et "
        "reprend dès le retour."
    ),
    variables=[Variable("minutes", "depuis combien de minutes", "10")],
)
AWAKE = add("chat.awake", THREAD, _("Retour dans l'échange : le même agent va répondre."))
AWAKE_BUSY = add(
    "chat.awake_busy",
    THREAD,
    _(
        "Retour dans l'échange : le même agent va répondre. D'autres personnes lui écrivent aussi en ce moment : cela "
        "peut prendre quelques minutes."
    ),
)
ENDED_BY_PERSON = add("chat.ended_by_person", THREAD, _("Fin de l'échange, à la demande de la personne."))
ENDED_BY_AGENT = add(
    "chat.ended_by_agent",
    THREAD,
    _("Fin de l'échange. Les messages restent lisibles ici jusqu'à la fin de la visite."),
)
PARKED = add("chat.parked", THREAD, _("Départ rapide du site. Un retour est possible avec le code de reprise."))
CLOSED_UNTIL = add(
    "chat.closed_until",
    THREAD,
    _(
        "Le tchat est fermé aux nouvelles demandes jusqu'au {fin}. Votre demande est gardée, avec votre place ; le "
        "code de reprise vous ramène ici. En danger : {numero_police}, ou {numero_sms} par SMS."
    ),
    _(
        "Le tchat est fermé aux nouvelles demandes jusqu'au {fin}. Ta demande est gardée, avec ta place ; le code de "
        "reprise te ramène ici. En danger : {numero_police}, ou {numero_sms} par SMS."
    ),
    variables=[Variable("fin", "le jour et l'heure de la fin", "28 novembre, 08:00")],
)
CLOSED_OPEN = add(
    "chat.closed_open",
    THREAD,
    _(
        "Le tchat vient de fermer aux nouvelles demandes. Votre demande est gardée, avec votre place ; le code de "
        "reprise vous ramène ici. En danger : {numero_police}, ou {numero_sms} par SMS."
    ),
    _(
        "Le tchat vient de fermer aux nouvelles demandes. Ta demande est gardée, avec ta place ; le code de reprise te "
        "ramène ici. En danger : {numero_police}, ou {numero_sms} par SMS."
    ),
)
ALIKE_ASKED = add(
    "chat.alike_asked",
    THREAD,
    _(
        "Beaucoup de demandes semblables arrivent en ce moment. Écrivez ici quelques mots sur ce qui vous arrive : "
        "votre tour reprend aussitôt."
    ),
    _(
        "Beaucoup de demandes semblables arrivent en ce moment. Écris ici quelques mots sur ce qui t'arrive : "
        "ton tour reprend aussitôt."
    ),
)
ALIKE_CLOSED = add(
    "chat.alike_closed",
    THREAD,
    _(
        "Fin de l'échange, avec d'autres demandes semblables restées sans un mot. Si vous avez besoin d'aide, revenez "
        "depuis la page d'accueil : quelqu'un vous répondra."
    ),
    _(
        "Fin de l'échange, avec d'autres demandes semblables restées sans un mot. Si tu as besoin d'aide, reviens "
        "depuis la page d'accueil : quelqu'un te répondra."
    ),
)
CAME_BACK = add("chat.came_back", THREAD, _("Retour avec le code de reprise. La visite d'avant est fermée."))

PLACE_GIVEN = add(
    "chat.place_given",
    THREAD,
    _("Lieu indiqué : qui répond le voit à côté des messages."),
    note="La personne a donné à son échange le lieu choisi dans « Point d'accueil ». Ne dit pas lequel.",
)

# --- lines of the thread: an absence, somebody else -------------------------------------------------------------------

BACK_SOON = add(
    "chat.back_soon",
    THREAD,
    _("{name} revient dans {minutes} minutes, à {time}. Vous pouvez continuer à écrire : tout sera lu au retour."),
    _("{name} revient dans {minutes} minutes, à {time}. Tu peux continuer à écrire : tout sera lu au retour."),
    variables=[NAME, Variable("minutes", "dans combien de minutes", "10"), Variable("time", "à quelle heure", "14:35")],
)
BACK = add("chat.back", THREAD, _("{name} est de retour."), variables=[NAME])
TAKES_OVER = add("chat.takes_over", THREAD, _("{name} prend la suite et peut lire tout l'échange."), variables=[NAME])
OTHER_SERVICE = add(
    "chat.other_service",
    THREAD,
    _("L'échange passe à un autre service : {name}. La place est gardée, et quelqu'un va répondre."),
    variables=[Variable("name", "le service", "Brigade de Rennes")],
)
BACK_IN_QUEUE = add(
    "chat.back_in_queue",
    THREAD,
    _("Quelqu'un d'autre va répondre : l'échange retourne dans la file, et la place est gardée."),
    note="Quand l'agent connaît une personne concernée. Ne dit pas pourquoi.",
)
SUMMARY_PROPOSED = add(
    "chat.summary_proposed",
    THREAD,
    _("{name} propose de confier la suite à {to}. Un résumé est à relire avant d'être transmis."),
    variables=[NAME, Variable("to", "qui prendrait la suite", "Dominique, police")],
)
SUMMARY_AGREED = add(
    "chat.summary_agreed",
    THREAD,
    _("Le résumé a été relu et accepté. Il sera transmis à la personne qui prend la suite."),
)
SUMMARY_CORRECTED = add(
    "chat.summary_corrected", THREAD, _("Le résumé a été corrigé. C'est cette version qui sera transmise.")
)
SUMMARY_REFUSED = add(
    "chat.summary_refused",
    THREAD,
    _("Le résumé ne sera pas transmis. L'échange peut passer à quelqu'un d'autre sans lui."),
)
SUMMARY_SILENT = add("chat.summary_silent", THREAD, _("Le résumé n'a pas été relu : il ne sera pas transmis."))
STAYS = add("chat.stays", THREAD, _("L'échange continue avec {name}."), variables=[NAME])
SUPERVISOR_JOINS = add(
    "chat.supervisor_joins",
    THREAD,
    _("{name}, superviseur, rejoint l'échange : cette personne lit les messages et peut écrire."),
    variables=[NAME],
)
SUPERVISOR_LEAVES = add(
    "chat.supervisor_leaves", THREAD, _("{name}, superviseur, a quitté l'échange."), variables=[NAME]
)

# --- proposals --------------------------------------------------------------------------------------------------------

PARTNER_PROPOSED = add(
    "chat.partner_proposed",
    PROPOSALS,
    _(
        "Contact proposé : {contact}. Êtes-vous d'accord pour noter ici que cette aide vous a été proposée "
        "et que vous l'acceptez ?"
    ),
    _(
        "Contact proposé : {contact}. Es-tu d'accord pour noter ici que cette aide t'a été proposée "
        "et que tu l'acceptes ?"
    ),
    variables=[Variable("contact", "le partenaire, son adresse et son téléphone", "France Victimes 35, Rennes")],
)
COMPLAINT_ANYWHERE = add(
    "chat.complaint_anywhere",
    PROPOSALS,
    _("Porter plainte : dans un commissariat ou une gendarmerie. À apporter : {bring}. Voulez-vous le faire ?"),
    _(
        "Porter plainte : dans un commissariat ou une gendarmerie, même sans tes parents. À apporter : {bring}. "
        "Veux-tu le faire ?"
    ),
    variables=[BRING],
)
COMPLAINT_AT = add(
    "chat.complaint_at",
    PROPOSALS,
    _("Porter plainte : {where}. Horaires : {when}. À apporter : {bring}. Voulez-vous le faire ?"),
    _("Porter plainte, même sans tes parents : {where}. Horaires : {when}. À apporter : {bring}. Veux-tu le faire ?"),
    variables=[WHERE, WHEN, BRING],
)
TESTIMONY_ANYWHERE = add(
    "chat.testimony_anywhere",
    PROPOSALS,
    _(
        "Témoigner : dans un commissariat ou une gendarmerie, vous pouvez dire ce que vous avez vu ou entendu. Porter "
        "plainte revient à la personne qui subit les faits ; pour un mineur, ses parents le peuvent aussi. Voulez-vous "
        "témoigner ?"
    ),
    _(
        "Témoigner : dans un commissariat ou une gendarmerie, tu peux dire ce que tu as vu ou entendu. Porter plainte "
        "revient à la personne qui subit les faits ; pour un mineur, ses parents le peuvent aussi. Veux-tu témoigner ?"
    ),
    note=FOR_A_WITNESS,
)
TESTIMONY_AT = add(
    "chat.testimony_at",
    PROPOSALS,
    _(
        "Témoigner : {where}. Horaires : {when}. Vous pouvez y dire ce que vous avez vu ou entendu. Porter plainte "
        "revient à la personne qui subit les faits ; pour un mineur, ses parents le peuvent aussi. Voulez-vous "
        "témoigner ?"
    ),
    _(
        "Témoigner : {where}. Horaires : {when}. Tu peux y dire ce que tu as vu ou entendu. Porter plainte revient à "
        "la personne qui subit les faits ; pour un mineur, ses parents le peuvent aussi. Veux-tu témoigner ?"
    ),
    variables=[WHERE, WHEN],
    note=FOR_A_WITNESS,
)
ACCOMPANY_ANYWHERE = add(
    "chat.accompany_anywhere",
    PROPOSALS,
    _(
        "Accompagner pour une plainte : dans un commissariat ou une gendarmerie. À apporter : {bring}. Porter plainte "
        "revient à la personne qui subit les faits ; pour un mineur, ses parents le peuvent aussi. Voulez-vous "
        "l'accompagner ?"
    ),
    _(
        "Accompagner pour une plainte : dans un commissariat ou une gendarmerie. À apporter : {bring}. Porter plainte "
        "revient à la personne qui subit les faits ; pour un mineur, ses parents le peuvent aussi. Veux-tu "
        "l'accompagner ?"
    ),
    variables=[BRING],
    note=FOR_A_RELATIVE,
)
ACCOMPANY_AT = add(
    "chat.accompany_at",
    PROPOSALS,
    _(
        "Accompagner pour une plainte : {where}. Horaires : {when}. À apporter : {bring}. Porter plainte revient à la "
        "personne qui subit les faits ; pour un mineur, ses parents le peuvent aussi. Voulez-vous l'accompagner ?"
    ),
    _(
        "Accompagner pour une plainte : {where}. Horaires : {when}. À apporter : {bring}. Porter plainte revient à la "
        "personne qui subit les faits ; pour un mineur, ses parents le peuvent aussi. Veux-tu l'accompagner ?"
    ),
    variables=[WHERE, WHEN, BRING],
    note=FOR_A_RELATIVE,
)
DUTIES_ANYWHERE = add(
    "chat.duties_anywhere",
    PROPOSALS,
    _(
        "Plainte : elle revient à la personne qui subit les faits ; pour un mineur, ses parents le peuvent aussi. Dans "
        "un commissariat ou une gendarmerie, vous pouvez l'accompagner. Vos propres obligations se lisent à la page "
        "des professionnels. Voulez-vous l'accompagner ?"
    ),
    _(
        "Plainte : elle revient à la personne qui subit les faits ; pour un mineur, ses parents le peuvent aussi. Dans "
        "un commissariat ou une gendarmerie, tu peux l'accompagner. Tes propres obligations se lisent à la page des "
        "professionnels. Veux-tu l'accompagner ?"
    ),
    note=FOR_A_PROFESSIONAL,
)
DUTIES_AT = add(
    "chat.duties_at",
    PROPOSALS,
    _(
        "Plainte : {where}. Horaires : {when}. Elle revient à la personne qui subit les faits ; pour un mineur, ses "
        "parents le peuvent aussi. Vos propres obligations se lisent à la page des professionnels. Voulez-vous "
        "accompagner la personne ?"
    ),
    _(
        "Plainte : {where}. Horaires : {when}. Elle revient à la personne qui subit les faits ; pour un mineur, ses "
        "parents le peuvent aussi. Tes propres obligations se lisent à la page des professionnels. Veux-tu accompagner "
        "la personne ?"
    ),
    variables=[WHERE, WHEN],
    note=FOR_A_PROFESSIONAL,
)
TO_BRING = add(
    "chat.to_bring",
    PROPOSALS,
    _("captures d'écran, messages, sons ou vidéos, témoignages, certificat médical : tout, avec les dates"),
    note="Vient dans la phrase qui propose de porter plainte, ou d'accompagner qui porte plainte.",
)
MEETING_PROPOSED = add(
    "chat.meeting_proposed",
    PROPOSALS,
    _(
        "Rendez-vous proposé : {moment}, {where}. Numéro de dossier : {number}. Le papier à montrer est à la "
        "page {page}. Cela vous convient-il ?"
    ),
    _(
        "Rendez-vous proposé : {moment}, {where}. Numéro de dossier : {number}. Le papier à montrer est à la "
        "page {page}. Est-ce que cela te convient ?"
    ),
    variables=[MOMENT, WHERE, NUMBER, ONE_PAGE],
)

MEETING_PAST = add(
    "chat.meeting_past",
    PROPOSALS,
    _(
        "L'heure de ce rendez-vous est passée : un oui ou un non n'est plus envoyé. Pour un autre moment, écrivez un "
        "message."
    ),
    _(
        "L'heure de ce rendez-vous est passée : un oui ou un non n'est plus envoyé. Pour un autre moment, écris un "
        "message."
    ),
)
REMOVAL_PROPOSED = add(
    "chat.removal_proposed",
    PROPOSALS,
    _(
        "Faire retirer un contenu : la page « Suites », par le bouton sous les messages, dit où demander et prépare le "
        "texte. Vous l'envoyez vous-même. Voulez-vous le faire ?"
    ),
    _(
        "Faire retirer un contenu : la page « Suites », par le bouton sous les messages, dit où demander et prépare le "
        "texte. Tu l'envoies toi-même. Veux-tu le faire ?"
    ),
)

PROPOSED_DISCREET = add(
    "chat.proposed_discreet",
    PROPOSALS,
    _(
        "Une proposition est à lire à la page « Suites », par le bouton sous les messages. Vous répondez ici, après "
        "l'avoir lue."
    ),
    _(
        "Une proposition est à lire à la page « Suites », par le bouton sous les messages. Tu réponds ici, après "
        "l'avoir lue."
    ),
    note=WHEN_WATCHED,
)
MEETING_PROPOSED_DISCREET = add(
    "chat.meeting_proposed_discreet",
    PROPOSALS,
    _(
        "Un rendez-vous est proposé : le jour, l'heure et le lieu sont à la page « Mon rendez-vous ». Cela vous "
        "convient-il ?"
    ),
    _(
        "Un rendez-vous est proposé : le jour, l'heure et le lieu sont à la page « Mon rendez-vous ». Est-ce que cela "
        "te convient ?"
    ),
    note=WHEN_WATCHED,
)

# --- a summary to a unit ----------------------------------------------------------------------------------------------

TRANSMISSION_ASKED_DISCREET = add(
    "chat.transmission_asked_discreet",
    PROPOSALS,
    _(
        "Un résumé est prêt : il se lit à la page « Suites », par le bouton sous les messages. Rien ne part sans votre "
        "accord, sauf en urgence : vous pouvez dire oui ou non."
    ),
    _(
        "Un résumé est prêt : il se lit à la page « Suites », par le bouton sous les messages. Rien ne part sans ton "
        "accord, sauf en urgence : tu peux dire oui ou non."
    ),
    note=WHEN_WATCHED,
)
TRANSMISSION_STEP_DISCREET = add(
    "chat.transmission_step_discreet",
    PROPOSALS,
    _("{step} : le détail se lit à la page « Suites », par le bouton sous les messages."),
    variables=[Variable("step", "ce qui vient de se passer", "Rendez-vous proposé")],
    note=WHEN_WATCHED,
)
TRANSMISSION_ASKED = add(
    "chat.transmission_asked",
    PROPOSALS,
    _(
        "Un résumé est prêt pour {unit}. Il se lit à la page « Suites », par le bouton sous les messages. Rien ne "
        "part sans votre accord, sauf en urgence : vous pouvez dire oui ou non."
    ),
    _(
        "Un résumé est prêt pour {unit}. Il se lit à la page « Suites », par le bouton sous les messages. Rien ne "
        "part sans ton accord, sauf en urgence : tu peux dire oui ou non."
    ),
    variables=[UNIT],
)
TRANSMITTED = add(
    "chat.transmitted",
    PROPOSALS,
    _("Transmis : le résumé est parti à {unit}. Numéro de dossier : {number}. La suite se lit à la page « Suites »."),
    variables=[UNIT, NUMBER],
)
TRANSMITTED_URGENT = add(
    "chat.transmitted_urgent",
    PROPOSALS,
    _(
        "Transmis : en raison de l'urgence, un résumé est parti à {unit}. Numéro de dossier : {number}. La suite se "
        "lit à la page « Suites »."
    ),
    variables=[UNIT, NUMBER],
)
TRANSMITTED_AGAINST_REFUSAL = add(
    "chat.transmitted_against_refusal",
    PROPOSALS,
    _(
        "Transmis malgré votre refus, en raison de l'urgence : un résumé est parti à {unit}. Numéro de dossier : "
        "{number}. La suite se lit à la page « Suites »."
    ),
    _(
        "Transmis malgré ton refus, en raison de l'urgence : un résumé est parti à {unit}. Numéro de dossier : "
        "{number}. La suite se lit à la page « Suites »."
    ),
    variables=[UNIT, NUMBER],
)
TRANSMISSION_REFUSED = add(
    "chat.transmission_refused", PROPOSALS, _("Le résumé n'est pas envoyé. Ce choix ne change rien à l'échange.")
)
TRANSMISSION_TAKEN_BACK = add(
    "chat.transmission_taken_back", PROPOSALS, _("Le résumé à relire est retiré : rien n'a été envoyé.")
)
TRANSMISSION_WITHDRAWN = add(
    "chat.transmission_withdrawn",
    PROPOSALS,
    _("La transmission à {unit} est retirée. Personne ne l'avait lue."),
    variables=[UNIT],
)
TRANSMISSION_READ = add("chat.transmission_read", PROPOSALS, _("Lu : {unit} a lu le résumé."), variables=[UNIT])
UNIT_MEETING = add(
    "chat.unit_meeting",
    PROPOSALS,
    _(
        "Rendez-vous proposé par {unit} : {moment}, {place}. Numéro de dossier : {number}. Oui ou non se dit à la "
        "page « Suites », par le bouton sous les messages. Le papier à montrer est à la page « Mon rendez-vous »."
    ),
    variables=[UNIT, MOMENT, Variable("place", "où se rendre", "1 rue de la Paix, Rennes"), NUMBER],
)
MEETING_ACCEPTED = add(
    "chat.meeting_accepted", PROPOSALS, _("Rendez-vous accepté : {moment}, {unit}."), variables=[MOMENT, UNIT]
)
MEETING_DECLINED = add(
    "chat.meeting_declined", PROPOSALS, _("Rendez-vous refusé : {moment}, {unit}."), variables=[MOMENT, UNIT]
)
MEETING_DECLINED_OTHER = add(
    "chat.meeting_declined_other",
    PROPOSALS,
    _("Rendez-vous refusé : {moment}, {unit}. Autre moment souhaité : {other}"),
    variables=[MOMENT, UNIT, Variable("other", "ce que la personne a écrit", "plutôt le soir")],
)
TRANSMISSION_CLOSED = add(
    "chat.transmission_closed",
    PROPOSALS,
    _("Clos, voici pourquoi : {reason} ({unit})"),
    variables=[Variable("reason", "ce que l'unité a écrit", "Plainte prise"), UNIT],
)

# --- words of the page: the place in the queue ------------------------------------------------------------------------

_HIGH = Variable("high", "au plus, en minutes", "25")
_LOW = Variable("low", "au moins, en minutes", "10")
_HOURS = Variable("hours", "au plus, en heures", "3")

POSITION_FIRST = add(
    "chat.position_first", QUEUE, _("Vous êtes la prochaine personne."), _("Tu es la prochaine personne.")
)
POSITION = add(
    "chat.position",
    QUEUE,
    _("Vous êtes en position {n} dans la file."),
    _("Tu es en position {n} dans la file."),
    variables=[Variable("n", "la place dans la file", "4")],
)
WAIT_UNDER = add("chat.wait_under", QUEUE, _("Attente estimée : moins de {high} minutes."), variables=[_HIGH])
WAIT_MINUTES = add(
    "chat.wait_minutes", QUEUE, _("Attente estimée : entre {low} et {high} minutes."), variables=[_LOW, _HIGH]
)
WAIT_MIXED = add(
    "chat.wait_mixed", QUEUE, _("Attente estimée : entre {low} minutes et {hours} heures."), variables=[_LOW, _HOURS]
)
WAIT_HOURS = add(
    "chat.wait_hours",
    QUEUE,
    _("Attente estimée : entre {low_hours} h et {hours} h."),
    variables=[Variable("low_hours", "au moins, en heures", "1"), _HOURS],
)
WAIT_UNKNOWN = add(
    "chat.wait_unknown",
    QUEUE,
    _("Aucun agent n'est disponible en ce moment. Votre place est gardée. La durée n'est pas connue."),
    _("Aucun agent n'est disponible en ce moment. Ta place est gardée. La durée n'est pas connue."),
)

# --- leaving the queue with a code ------------------------------------------------------------------------------------

CLOCK = add(
    "chat.clock",
    CODE,
    _("{hour} h {minute}"),
    variables=[Variable("hour", "l'heure", "14"), Variable("minute", "les minutes, à deux chiffres", "20")],
    note="L'heure telle qu'elle est dite à qui part avec un code.",
)
_AT = Variable("time", "l'heure", "14 h 20")
PLACE_UNTIL = add(
    "chat.place_until",
    CODE,
    _("Vous pouvez fermer cette page : votre place est gardée jusqu'à {time}."),
    _("Tu peux fermer cette page : ta place est gardée jusqu'à {time}."),
    variables=[_AT],
)
COME_BACK = add("chat.come_back", CODE, _("Revenez vers {time}."), _("Reviens vers {time}."), variables=[_AT])
NEARLY = add(
    "chat.nearly",
    CODE,
    _("C'est bientôt votre tour : si vous le pouvez, restez encore un peu."),
    _("C'est bientôt ton tour : si tu le peux, reste encore un peu."),
)

# --- words of the page: the screen and the alerts ---------------------------------------------------------------------

AWAKE_ON = add(
    "chat.awake_on",
    ALERTS,
    _("L'écran reste allumé tant que cette page est ouverte devant vous."),
    _("L'écran reste allumé tant que cette page est ouverte devant toi."),
)
AWAKE_FAILED = add(
    "chat.awake_failed", ALERTS, _("Cet appareil ne garde pas l'écran allumé en ce moment (batterie faible, réglage).")
)
WARN_ON = add("chat.warn_on", ALERTS, _("C'est noté, tant que cette page reste ouverte."))
WARN_FAILED = add("chat.warn_failed", ALERTS, _("Cet appareil ou ce navigateur ne le permet pas."))
add("chat.left_title", LEFT_QUEUE, _("Vous avez quitté la file d'attente"), _("Tu as quitté la file d'attente"))
FACTS_KEPT = add(
    "chat.facts_kept",
    FACTS,
    _("C'est noté. La personne qui vous répondra le lira."),
    _("C'est noté. La personne qui te répondra le lira."),
)
FACTS_LATER = add("chat.facts_later", FACTS, _("Pas encore noté : nouvel essai dans un instant."))
FACTS_REFUSED = add(
    "chat.facts_refused",
    FACTS,
    _("Ce n'est pas noté. Actualisez cette page, puis cochez de nouveau."),
    _("Ce n'est pas noté. Actualise cette page, puis coche de nouveau."),
)
_ANYBODY = "Lu sur l'écran de l'appareil, par n'importe qui : ne dit pas d'où cela vient."
NOTICE_TITLE = add("chat.notice_title", ALERTS, _("Du nouveau"), note=_ANYBODY)
NOTICE_BODY = add("chat.notice_body", ALERTS, _("Une page ouverte a changé."), note=_ANYBODY)

# --- words of the page: the line and the messages ---------------------------------------------------------------------

TITLE_WAITING = add("chat.title_waiting", LINE, _("File d'attente"), note="Titre de l'onglet.")
TITLE_ACTIVE = add("chat.title_active", LINE, _("Échange en cours"), note="Titre de l'onglet.")
TITLE_CLOSED = add("chat.title_closed", LINE, _("Échange terminé"), note="Titre de l'onglet.")
YOU = add("chat.you", LINE, _("Vous"), _("Toi"), max_length=40)
AGENT = add("chat.agent", LINE, _("Interlocuteur"), max_length=40)
SYSTEM = add("chat.system", LINE, _("Pnav"), max_length=40, note="Qui signe les lignes de Pnav.")
SYSTEM_DISCREET = add(
    "chat.system_discreet", LINE, _("Information"), max_length=40, note="Quand quelqu'un peut voir l'écran."
)
PENDING = add("chat.pending", LINE, _("Envoi en cours…"), max_length=60)
KEPT = add("chat.kept", LINE, _("Gardé, partira dès que possible"), max_length=60)
SENT = add("chat.sent", LINE, _("Envoyé"), max_length=60)
READ = add("chat.read", LINE, _("Lu"), max_length=60)
FAILED = add("chat.failed", LINE, _("Non envoyé"), max_length=60)
SOON = add("chat.soon", LINE, _("Gardé, part dans quelques secondes"), max_length=60)
REFUSED_FULL = add("chat.refused_full", LINE, _("Non envoyé : l'échange est plein"), max_length=80)
REFUSED = add("chat.refused", LINE, _("Non envoyé : l'échange est terminé"), max_length=80)
MISLEADING = add("chat.misleading", LINE, _("adresse trompeuse possible"), max_length=60)
RETRY = add("chat.retry", LINE, _("Réessayer"), max_length=40)
TRYING = add("chat.trying", LINE, _("Nouvel essai…"), max_length=40)
LINE_CONNECTED = add("chat.line_connected", LINE, _("Connecté"), max_length=40)
LINE_RECONNECTING = add("chat.line_reconnecting", LINE, _("Reconnexion…"), max_length=40)
LINE_LOST = add("chat.line_lost", LINE, _("Hors connexion"), max_length=40)
CUT = add(
    "chat.cut",
    LINE,
    _("L'échange s'est terminé avant l'envoi. Vous pouvez copier votre texte."),
    _("L'échange s'est terminé avant l'envoi. Tu peux copier ton texte."),
)
TYPING = add("chat.typing", LINE, _("{name} écrit…"), variables=[NAME], max_length=80)
OFFLINE = add(
    "chat.offline",
    LINE,
    _("Connexion interrompue. Vos messages sont gardés et partiront dès le retour."),
    _("Connexion interrompue. Tes messages sont gardés et partiront dès le retour."),
)
UNSENT = add(
    "chat.unsent",
    LINE,
    _("Un message n'est pas encore envoyé : il serait perdu. Pour changer de page quand même, appuyez de nouveau."),
    _("Un message n'est pas encore envoyé : il serait perdu. Pour changer de page quand même, appuie de nouveau."),
    note="Quand la page seule a ce message : le service ne l'a pas non plus comme brouillon.",
)
UNSENT_KEPT = add(
    "chat.unsent_kept",
    LINE,
    _(
        "Un message n'est pas encore envoyé. Pour changer de page quand même, appuyez de nouveau : "
        "vous pourrez l'envoyer en revenant à l'échange."
    ),
    _(
        "Un message n'est pas encore envoyé. Pour changer de page quand même, appuie de nouveau : "
        "tu pourras l'envoyer en revenant à l'échange."
    ),
    note="Quand le service a gardé ce message comme brouillon : il est de nouveau dans le champ au retour.",
)
ONLINE = add("chat.online", LINE, _("Connexion rétablie."))
CONNECTING = add(
    "chat.connecting",
    LINE,
    _(
        "Connexion en cours. Ce que vous envoyez partira dès qu'elle est là ; ce qui est dans le champ attend que vous "
        "l'envoyiez."
    ),
    _(
        "Connexion en cours. Ce que tu envoies partira dès qu'elle est là ; ce qui est dans le champ attend que tu "
        "l'envoies."
    ),
    note="Un message qui n'était pas parti est de nouveau dans le champ après un rechargement : rien ne l'envoie.",
)
EMPTY = add(
    "chat.empty",
    LINE,
    _("Le message est vide. Écrivez quelques mots, puis envoyez."),
    _("Le message est vide. Écris quelques mots, puis envoie."),
)
UNSEEN = add(
    "chat.unseen",
    LINE,
    _("Rien ne se voit dans ce message : il n'a que des signes invisibles. Écrivez quelques mots, puis envoyez."),
    _("Rien ne se voit dans ce message : il n'a que des signes invisibles. Écris quelques mots, puis envoie."),
)
TOO_LONG = add(
    "chat.too_long",
    LINE,
    _("Le message est trop long : 4 000 caractères au plus. Envoyez-le en plusieurs fois."),
    _("Le message est trop long : 4 000 caractères au plus. Envoie-le en plusieurs fois."),
)
UNKEPT = add(
    "chat.unkept",
    LINE,
    _("Le message contient un caractère qui ne peut pas être gardé. Réécrivez-le, puis envoyez."),
    _("Le message contient un caractère qui ne peut pas être gardé. Réécris-le, puis envoie."),
)
TOO_MANY = add(
    "chat.too_many",
    LINE,
    _("Trop de messages à la suite. Attendez quelques secondes, puis envoyez de nouveau."),
    _("Trop de messages à la suite. Attends quelques secondes, puis envoie de nouveau."),
)
FULL = add(
    "chat.full",
    LINE,
    _(
        "Cet échange a atteint sa taille maximale : ce message n'est pas parti. Tout ce qui est parti est gardé et "
        "sera lu. Pour continuer, terminez cet échange puis commencez-en un autre. Les numéros "
        "d'urgence sont en haut de la page."
    ),
    _(
        "Cet échange a atteint sa taille maximale : ce message n'est pas parti. Tout ce qui est parti est gardé et "
        "sera lu. Pour continuer, termine cet échange puis commences-en un autre. Les numéros "
        "d'urgence sont en haut de la page."
    ),
)
OVER = add("chat.over", LINE, _("L'échange a pris fin : ce message n'a pas été envoyé."))
NOT_SENT = add(
    "chat.not_sent",
    LINE,
    _("Le message n'est pas parti. Envoyez-le de nouveau."),
    _("Le message n'est pas parti. Envoie-le de nouveau."),
)
COUNT = add(
    "chat.count",
    LINE,
    _("{n} caractères sur 4 000"),
    variables=[Variable("n", "le nombre de caractères écrits", "3 850")],
)
NEW = add("chat.new", LINE, _("Nouveau message"), max_length=60)
ANSWERED = add("chat.answered", LINE, _("Cette question n'attend plus de réponse."))
IS_THERE = add("chat.is_there", LINE, _("{name} est là"), variables=[NAME], max_length=80)
CODE_AGAIN = add("chat.code_again", CODE, _("Créer un nouveau code"), max_length=60)
CODE_FAILED = add(
    "chat.code_failed",
    CODE,
    _("Le code n'a pas pu être créé. Réessayez dans un instant."),
    _("Le code n'a pas pu être créé. Réessaie dans un instant."),
)
CODE_MAKING = add("chat.code_making", CODE, _("Création du code… Cela peut prendre une demi-minute."))
CODE_UNSURE = add(
    "chat.code_unsure",
    CODE,
    _(
        "La réponse n'est pas arrivée : un code d'avant ne fonctionne peut-être plus. Appuyez de nouveau : seul le "
        "nouveau code fonctionnera."
    ),
    _(
        "La réponse n'est pas arrivée : un code d'avant ne fonctionne peut-être plus. Appuie de nouveau : seul le "
        "nouveau code fonctionnera."
    ),
)
EARLIER_FAILED = add(
    "chat.earlier_failed",
    LINE,
    _("Les messages précédents ne sont pas arrivés. Réessayez dans un instant."),
    _("Les messages précédents ne sont pas arrivés. Réessaie dans un instant."),
)
_DATE = Variable("date", "le jour et l'heure de fin", "jeudi 26 novembre 2026 à 14:30 (heure de Paris)")
CODE_WORKS = add("chat.code_works", CODE, _("Il fonctionne jusqu'au {date}."), variables=[_DATE])
A_CODE_WORKS = add("chat.a_code_works", CODE, _("Un code fonctionne jusqu'au {date}."), variables=[_DATE])
