"""Phrases of suicide and of immediate danger that mark a message for its agent: rows, which an administrator changes.

The first list is ours. It was read against the sentences of `tests/chat/casework/danger_sentences.py`, which say how many
of them it finds, and how many it marks that it should not.
"""

from django.db import migrations

PHRASES = {
    "suicide": """
suicid*
je/j … me tuer
me tuer … moi/meme
envie/pense/penser/vais/jvais/veux/jveux/veu/voudrais/pouvoir/pensais … me tuer
dit/disent/dire/dis … me tuer
parle/parler/pense/veut/va/voulait/voulu/essaye/menace/essayer … se tuer
va/vas te tuer/pendre/jeter
je me tue/tuerai/tuerais
veux/voudrais/voudrai/veu/jveux/jvoudrais/aimerais/aimerai/prefere/prefererais/souhaite/souhaiterais … mourir/mourrir/crever/disparaitre/creuver
veut/voulait/voudrait/aimerait/veulent/prefere/prefererait … mourir/mourrir/disparaitre
envie/envi/pense/penser/pensais/songe/besoin … mourir/mourrir/crever/disparaitre
veux/veu/jveux/peux/peu/voulais/veut/envie plus/pas vivre
plus/pas … envie … vivre
plus/pas … force … vivre/continuer
plus/aucune/pas … raison/raisons … vivre
plus … gout … vie/vivre
en finir/finire
en finir avec la/ma/sa/cette vie
mettre/mets/met/mis/mettrai fin a mes/ses/tes jours
mettre/mets/met/mis/mettrai fin a ma/sa/tout/la vie
mettre/mettrai fin a tout
mieux … mort/morte/mourir
veux/voudrais/aimerais/prefere/prefererais/prefererai etre mort/morte
prefererais/prefere/voudrais … mort/morte
si j etais mort/morte
laisse/laissez … mourir/crever
mieux sans moi
plus etre la/vivant/vivante
serai/serais/sera/serait plus la
idee/idees noire/noires
me/se/te pendre
me pendrai/pendrais
me/se/m/s ouvrir/couper/tailler … veines/poignets/bras
coupe/coupee/taille/taillee/ouvert … veines/poignets
me/se/m coupe/taille … bras/poignets/cuisses/veines
scarif*
automutil*
je/j … me/m … du mal
envie/besoin/veux … me faire … mal
me/se jeter/jette/jeterai/jetterai … sous/fenetre/pont/vide/metro/train/toit/balcon
jeter … sous … train/metro/voiture/bus/camion
sauter/saute/sauterai … fenetre/pont/toit/balcon/vide
avale/avaler/avalee/avalerai … cachets/medicaments/medocs/comprimes/pilules/boite/boites/somniferes
tous/toute/plein/boite/boites/toutes … medicaments/medocs/cachets/comprimes/somniferes/pilules
lettre/lettres/mot … adieu
adieu a/tout/tous
dire adieu
me/se flinguer/buter/foutre
me/se foutre en l air
tirer une balle
passer/passe/passerai/passerais a l acte
la vie … vaut … peine
vie … plus … sens
manquer/manquerai/manquerais a personne
kill/killing/killed myself
kms
unalive
want/wanna/wish/going … die
better off dead
better off without me
wish i was/were dead/gone
end/ending my/her/his/their life/own
end it all
take/taking/took my own/life
don/dont/not … want … live/alive/exist
no reason … live
hurt/harm/harming/hurting/cut/cutting myself
self harm/harming
overdos*
hang/hanging myself
jump/jumping off/from … bridge/roof/building/window
not … wake up … tomorrow/again
can/cant … go on … living/anymore/like
""",
    "danger": """
va/vont/veut/veulent/vas … me/nous/la/le/les/m tuer/buter/frapper/planter/egorger/defoncer/violer/enlever/bruler/kidnapper
menace*/essaye/essaie/tente … me/nous/la/le/les/m tuer/frapper/egorger/etrangler/violer
il/elle/ils/elles/on … me/nous frappe/frappent/etrangle/cogne/sequestre/poursuit/tabasse/bat
il/elle/ils … me/nous suit/suivent
il/elle/ils … me/nous faire … mal
en train de … frapper/tuer/etrangler/violer/tabasser/defoncer
me/nous/la/le frapper maintenant
devant chez moi/nous/elle/lui/eux
en bas de chez/ma/mon/l/la
bas … immeuble
devant/derriere ma/la/notre/sa porte/maison/fenetre/voiture
devant mon/le/son/l lycee/ecole/college/travail/bureau
est/arrive/sont/attend … dans mon/le jardin/immeuble/couloir
tape/tapent/frappe/frappent/cogne/cognent/toque/tambourine … porte
defonce/defoncer/defoncent/force/forcer/casse/casser … porte
a/avec/sorti/sort/tient/ont un/une/son/sa/des couteau/couteaux/arme/armes/flingue/fusil/pistolet/batte/machette/hache
il/elle/ils … est/sont arme/armes/armee
au secours
a l aide
aidez/aide moi vite
venez vite
faites vite
cache/cachee/planque/planquee/enferme/enfermee dans … salle/toilettes/chambre/placard/cave/wc/bains/voiture
m a/ont enferme/enfermee/sequestre/sequestree
je saigne
du sang partout
suis/est/sommes/sont en danger
vie … en danger
danger de mort
j ai … couteau … gorge
pas parler fort
il/elle est/rentre la maintenant
est entre/rentre chez/dans … moi/maison/chambre/appart/appartement
il/ils/elle arrive/arrivent
outside/behind/near/at my door/house/home/window/place/building
in front of my/the door/house/home/school/building
gonna/going/will/wants/want/trying/tries … kill/hurt/beat/stab/shoot/rape me/us/her/him/them
has/have/holding/got/with a knife/gun/weapon
breaking/broke/break … door/window/house
banging/knocking/pounding … door
hitting/beating/strangling/choking/attacking me/us/her/him
is/are/am/m/s/re in danger
he/she/they … is/s/re/are here now
following me
hiding in/from
call … police now/please/quick
help me now/quick/quickly
""",
    "nothing": """
mourir/mourrir/crever de rire/honte/faim/soif/peur/chaud/froid/ennui/trouille/curiosite
crever la dalle
mort/morte de rire/honte/faim/peur/fatigue/trouille
en finir/finire avec
en finir avec cette/ce/cet/ces/lui/elle/eux/tout
je me tue a/au
me suit/suivent sur
m aime … mourir
a l aide de/d/du/des
avec une arme … jeu
tirer une balle dans le pied
il arrive que/qu/souvent/parfois/a
ils/elles arrivent a/toujours/pas
il/elle arrive a/demain/pas/toujours/plus
suicide squad
die/dying/died laughing/of
following me on
force … porte … cle
passe/passent/passer … devant le/mon/l lycee/ecole/college/travail
la porte … parole
""",
}


def add_phrases(apps, schema_editor):
    rows = apps.get_model("chat", "DangerPhrase").objects
    rows.bulk_create(
        rows.model(kind=kind, phrase=phrase)
        for kind, phrases in PHRASES.items()
        for phrase in phrases.strip().splitlines()
    )


class Migration(migrations.Migration):
    dependencies = [("chat", "0024_danger_phrases")]

    operations = [migrations.RunPython(add_phrases, migrations.RunPython.noop)]
