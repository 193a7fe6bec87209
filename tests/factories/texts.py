"""Texts that an administrator changed."""

from common.texts.models import ChangedSentence


def changed(key: str, **texts: str) -> ChangedSentence:
    """Save a changed sentence with these texts by name: `changed("chat.online", vous="De retour.", en="Back.")`."""
    row = ChangedSentence(key=key).set_texts(texts)
    row.save()
    return row
