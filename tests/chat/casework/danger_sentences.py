"""Sentences on which the phrases of danger are measured. They were made up for this, in the ways in which people write
to a chat.

Nobody has said them. Accents, apostrophes, capitals and spelling vary; the person writes, or somebody who writes for
them.
"""

SUICIDE = """
j'ai envie de mourir
J'ai plus envie de vivre
je veux mourir
jveux mourir
je veu mourir
je veux juste mourir
je voudrais disparaître
j'ai pensé à en finir
je pense à en finir avec la vie
je vais mettre fin à mes jours
elle parle de mettre fin à sa vie
j'ai des idées suicidaires
je pense au suicide
jme suicide ce soir
il a fait une tentative de suicide l'an dernier
je vais me suicidé
ma fille dit qu'elle veut mourir
mon fils parle de se tuer
mon ami menace de se tuer
je vais me tuer
j'ai envie de me tuer
je veux me tuer
je me tuerai si la vidéo sort
je serais mieux morte
je serai mieux mort
il vaudrait mieux mourir
je préfère mourir que de retourner au lycée
je préférerais être morte
je veux plus vivre
je ne veux plus vivre comme ça
j'ai plus la force de vivre
je n'ai plus la force de continuer
je n'ai plus aucune raison de vivre
j'ai perdu, plus aucun goût à la vie
tout le monde serait mieux sans moi
ils seraient mieux sans moi
je ne veux plus être là
demain je serai plus là
laissez moi mourir
laisse-moi crever
j'ai des idées noires
je vais me pendre
il m'a dit d'aller me pendre
j'ai envie de me jeter sous un train
je vais me jeter du pont
elle veut sauter par la fenêtre
je suis sur le balcon, je vais sauter du toit
j'ai avalé une boîte de médicaments
j'ai pris tous mes cachets
elle a pris toute la boîte de somnifères
j'ai pris plein de medocs
je me suis ouvert les veines
je me coupe les bras
je me scarifie
je me fais du mal
j'ai besoin de me faire du mal
j'ai écrit une lettre d'adieu
adieu à tous
je vais me foutre en l'air
je vais me flinguer
je vais me tirer une balle
je vais passer à l'acte
la vie ne vaut plus la peine
ma vie n'a plus de sens
je ne manquerai à personne
MOURIR c'est tout ce que je veux, j'ai envie de mourirrrr
il me dit de me tuer
ils me disent de me tuer tous les jours
j'arrete pas de penser a mourir
je pense souvent à mourir
i want to die
I wanna die
i'm going to kill myself
I have thought about killing myself
i feel suicidal
she wants to end her life
i want to end my life
i just want to end it all
i dont want to live anymore
I don't want to be alive
i'd be better off dead
i wish i was dead
i cut myself
i am thinking of taking my own life
i took an overdose
kms
there is no reason to live
il m'a écrit que je devrais mourir
tout le monde dit que je devrais disparaître
ils répètent qu'elle devrait mourir
tu devrais crever, c'est ce qu'ils m'écrivent
je devrais disparaitre
""".strip().splitlines()

DANGER = """
il va me tuer
il dit qu'il va me tuer ce soir
ils vont me frapper
il veut me tuer
il menace de me tuer
il veut nous tuer
il est devant chez moi
il est en bas de chez moi
il est en bas de l'immeuble
elle est devant ma porte
il est derrière la porte
ils sont devant le lycée et ils m'attendent
il tape à la porte
il frappe à ma porte depuis 10 minutes
quelqu'un cogne sur la porte
il essaie de défoncer la porte
il force la porte
il a un couteau
il est là avec une arme
il a sorti son couteau
il a une batte
il me frappe
mon copain me frappe en ce moment il me frappe
il est en train de la frapper
il nous suit depuis la gare
il me poursuit
au secours
à l'aide
aidez-moi vite
venez vite
je suis cachée dans la salle de bain
je suis enfermée dans les toilettes
il m'a enfermée
il m'a séquestrée
je saigne
je suis en danger
ma vie est en danger
je peux pas parler fort
il arrive
ils arrivent
il est armé
il est dans mon jardin
il est entré dans ma maison
il me dit qu'il va me violer
il va me faire du mal
he is going to kill me
He says he will come to my house tonight and kill me.
he'll kill me if I tell anybody
he's outside my house
he is at my door
he has a knife
they want to hurt me
he is breaking the door
someone is banging on the door
he is hitting me
i am in danger
i'm hiding in the bathroom
call the police now
he is following me
il dit qu'il va me casser la gueule
il veut me péter les dents
ils menacent de nous briser les jambes
il a dit à mon frère qu'ils allaient lui casser les bras
il sort de prison et il va me retrouver
il a promis qu'il allait me retrouver
Il a écrit qu'il allait me retrouver et me casser les jambes.
""".strip().splitlines()

ORDINARY = """
bonjour
Bonjour, j'ai besoin d'aide
on se moque de moi au collège tous les jours
ils ont créé un groupe pour m'insulter
il a publié une photo de moi sans mon accord
ma photo circule sur snap
c'est mort de rire pour eux
je suis morte de fatigue
je suis mort de honte
je veux mourir de honte
j'ai cru mourir de rire
je meurs de faim
je veux en finir avec cette histoire
je voudrais en finir avec ce compte
comment mettre fin à cette situation ?
est-ce que je peux mettre fin à l'abonnement
il me suit sur instagram
elle me suit sur tiktok et elle like tout
il arrive que je reçoive dix messages par jour
ils arrivent toujours à me retrouver
il arrive souvent que mon compte soit bloqué
j'ai fait une capture à l'aide de mon téléphone
il a utilisé un faux compte
il dit du mal de moi sur un forum
ils disent que je suis moche
elle m'a bloquée partout
je me tue à lui dire d'arrêter
je ne sais pas quoi faire
j'ai peur
j'ai peur qu'il diffuse la vidéo
j'ai très peur d'aller au lycée demain
je suis en colère
je pleure tous les soirs
je dors mal depuis une semaine
je n'ai plus confiance en personne
il m'a tuée dans le jeu
on jouait à un jeu où il faut tuer des zombies
ils m'ont exclue du groupe de la classe
c'est la fin de l'année et ça continue
le cours de danse est fini
ma vie privée est étalée
il a partagé mon adresse
il connaît mon adresse
je veux porter plainte
comment faire retirer une vidéo
il me demande de l'argent
il veut 500 euros sinon il publie
il m'envoie des photos
le site ne répond pas
je veux que ça s'arrête
je veux disposer de mes droits
j'ai déjà prévenu mon école
mes parents ne savent pas
la prof a dit qu'elle allait voir
je suis le père d'une élève de 13 ans
ma grand-mère est morte l'an dernier
mon père est mort quand j'avais 6 ans
le film parlait de la mort
je prends des médicaments pour dormir
j'ai pris rendez-vous avec un avocat
j'ai pris une photo de l'écran
il a sauté un cours pour venir me parler
on a coupé le wifi
j'ai ouvert un ticket
il passe tous les jours devant le collège en scooter
merci de votre aide
merci beaucoup, au revoir
d'accord je vais le faire
il faut une clé pour forcer la porte du casier c'est la clé du concierge
nous étions à table quand il a téléphoné
tu peux répéter ?
je préfère écrire que parler
je préfère rester anonyme
je ne veux plus aller en cours
je ne veux plus le voir
je n'ai plus envie d'aller à l'école
il ne me laisse pas tranquille
laissez moi tranquille
je n'en peux plus de ces messages
hello, i need help
someone shared my picture
he keeps messaging me
they made a group to insult me
i am dying of shame
my friend died laughing
he is following me on instagram
how can i take down a video
i want to report an account
i don't speak french well
i don't want to talk about it
he wants money
she blocked me
i am scared
he knows where i live
i will live with my aunt for a week
i want to live somewhere else
j'ai peur de me retrouver seule
je vais me retrouver sans amis
la vidéo devrait disparaître demain
je devrais disparaître d'instagram
je me suis cassé le bras au sport
""".strip().splitlines()
