"""The replies that were written in the program become rows: an administrator changes them from now on.

Source of the facts (numbers, hours, rights, first gestures, evidence): the service's reference facts.
"""

from django.db import migrations

# title, vous, tu
REPLIES = [
    (
        "Se présenter",
        "Bonjour, je m’appelle {prenom}. Je suis là pour vous, pendant tout cet échange. Prenez votre temps "
        ": qu’est-ce qui se passe ?",
        "Bonjour, je m’appelle {prenom}. Je suis là pour toi, pendant tout cet échange. Prends ton temps : "
        "qu’est-ce qui se passe ?",
    ),
    (
        "Vérifier la sécurité",
        "D’abord une question : êtes-vous en sécurité, là où vous êtes ? En cas de danger, appelez le 17 ou "
        "le 112. Si vous ne pouvez pas parler, écrivez au 114 par SMS.",
        "D’abord une question : es-tu en sécurité, là où tu es ? En cas de danger, appelle le 17 ou le 112. "
        "Si tu ne peux pas parler, écris au 114 par SMS.",
    ),
    (
        "Accueillir ce qui est dit",
        "Merci de me le confier. Ce n’est pas facile à raconter, et vous avez bien fait d’écrire.",
        "Merci de me le confier. Ce n’est pas facile à raconter, et tu as bien fait d’écrire.",
    ),
    (
        "Laisser du temps",
        "Prenez le temps qu’il vous faut. Je reste là et je lis tout ce que vous écrivez.",
        "Prends le temps qu’il te faut. Je reste là et je lis tout ce que tu écris.",
    ),
    (
        "Prévenir que je relis",
        "Je relis ce que vous m’avez écrit, pour bien comprendre. Je vous réponds dans quelques minutes.",
        "Je relis ce que tu m’as écrit, pour bien comprendre. Je te réponds dans quelques minutes.",
    ),
    (
        "Demander les faits",
        "Pouvez-vous me dire depuis quand cela dure, où cela se passe (réseau social, messagerie, jeu…), et "
        "si c’est une seule personne ou plusieurs ? Dites seulement ce que vous voulez dire.",
        "Peux-tu me dire depuis quand cela dure, où cela se passe (réseau social, messagerie, jeu…), et si "
        "c’est une seule personne ou plusieurs ? Dis seulement ce que tu veux dire.",
    ),
    (
        "Garder les preuves",
        "Gardez des preuves : captures d’écran, messages, audio ou vidéo, certificat médical, avec les "
        "dates. Faites-le avant de bloquer un compte ou de demander un retrait.",
        "Garde des preuves : captures d’écran, messages, audio ou vidéo, avec les dates. Fais-le avant de "
        "bloquer un compte ou de demander un retrait.",
    ),
    (
        "Premiers gestes",
        "Ensuite, vous pouvez bloquer les comptes des auteurs, verrouiller vos comptes et limiter qui voit "
        "ce que vous publiez. Et en parler à un proche : vous n’avez pas à porter cela sans aide.",
        "Ensuite, tu peux bloquer les comptes des auteurs, verrouiller tes comptes et limiter qui voit ce "
        "que tu publies. Et en parler à un adulte de confiance : tu n’as pas à porter cela sans aide.",
    ),
    (
        "Parler de la plainte",
        "Vous pouvez porter plainte, et être accompagné pour le faire. C’est vous qui décidez. Voulez-vous "
        "que nous regardions ensemble comment la préparer ?",
        "Tu peux porter plainte dans un commissariat ou une gendarmerie, même sans adulte avec toi. C’est "
        "toi qui décides. Veux-tu que nous regardions ensemble comment la préparer ?",
    ),
    (
        "Donner un numéro d’aide",
        "France Victimes écoute et aide toutes les victimes au 116 006 : 7 j/7, de 9 h à 19 h, gratuit.",
        "Le 3018 aide les jeunes face aux violences numériques : 7 j/7, de 9 h à 23 h. C’est gratuit, et tu "
        "n’as pas à donner ton nom.",
    ),
    (
        "Idées suicidaires : 3114",
        "Ce que vous me dites est important. Le 3114 répond jour et nuit, gratuitement, à qui a des idées "
        "suicidaires. Si votre vie est en danger maintenant, appelez le 15 ou le 17. Êtes-vous avec "
        "quelqu’un ?",
        "Ce que tu me dis est important. Le 3114 répond jour et nuit, gratuitement, à qui a des idées "
        "suicidaires. Si ta vie est en danger maintenant, appelle le 15 ou le 17. Y a-t-il quelqu’un avec "
        "toi ?",
    ),
    (
        "Avant de terminer",
        "Avant de terminer : y a-t-il encore quelque chose que vous voulez me dire ou me demander ? Si cela "
        "recommence, vous pouvez revenir.",
        "Avant de terminer : y a-t-il encore quelque chose que tu veux me dire ou me demander ? Si cela "
        "recommence, tu peux revenir.",
    ),
]


def write_replies(apps, schema_editor):
    rows = apps.get_model("chat", "CannedReply").objects
    for place, (title, vous, tu) in enumerate(REPLIES, 1):
        rows.create(title=title, vous=vous, tu=tu, order=10 * place)


class Migration(migrations.Migration):

    dependencies = [("chat", "0005_acts")]

    operations = [migrations.RunPython(write_replies, migrations.RunPython.noop)]
