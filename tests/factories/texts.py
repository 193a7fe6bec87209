"""Sentences that an administrator changed."""

from common.texts.models import ChangedSentence


def changed(key: str, **texts: str) -> ChangedSentence:
    """Kept, with these texts by their names: `changed("chat.online", vous="De retour.", en="Back.")`."""
    row = ChangedSentence(key=key).set_texts(texts)
    row.save()
    return row
