"""These are the languages of the site: `settings.LANGUAGES` is the only list, and `settings.LANGUAGE_CODE` the source
language.

Every text is written in the source language first; the other languages are translations of it. A text in one language
and voice has a name, by which forms, histories and proposals know it: the voice alone in the source language (« vous »,
« tu »), the language alone for the polite voice of another one (« en »), and both for its familiar voice (« es_tu »).
"""

from django.conf import settings
from django.utils.translation import get_language, get_language_bidi, get_language_info, override

POLITE, FAMILIAR = "vous", "tu"
VOICES = (POLITE, FAMILIAR)


def source() -> str:
    """Return the code of the language in which every text is written first."""
    return settings.LANGUAGE_CODE


def codes() -> list[str]:
    """Return the codes of all languages of the site, the source language first."""
    return [source(), *others()]


def others() -> list[str]:
    """Return the codes of the languages into which texts are translated."""
    return [code for code, _name in settings.LANGUAGES if code != source()]


def current() -> str:
    """Return the active language of `settings.LANGUAGES`; the source language when none of them is active."""
    active = get_language() or source()
    known = dict(settings.LANGUAGES)
    if active in known:
        return active
    base = active.partition("-")[0]
    return base if base in known else source()


def own_name(code: str) -> str:
    """Return the language's own name for itself: « English »."""
    return str(dict(settings.LANGUAGES).get(code, code))


def name(code: str) -> str:
    """Return the language's name in the source language (« anglais »); its own name when Django does not know it."""
    with override(source()):
        try:
            return str(get_language_info(code)["name_translated"]).lower()
        except KeyError:
            return own_name(code)


def direction() -> str:
    """Return the value of `dir` for the active language: « rtl » if it is written right to left, else « ltr »."""
    return "rtl" if get_language_bidi() else "ltr"


# --- the names of texts -----------------------------------------------------------------------------------------------


def text_name(language: str, voice: str = POLITE) -> str:
    """Return the name of the text in this language and voice."""
    if language == source():
        return voice
    return language if voice == POLITE else f"{language}_{voice}"


def text_place(name: str) -> tuple[str, str]:
    """Return the language and the voice of the text with this name."""
    if name in VOICES:
        return source(), name
    language, _mark, voice = name.rpartition("_")
    return (language, voice) if voice in VOICES else (name, POLITE)
