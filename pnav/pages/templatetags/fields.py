"""`{% field %}` and `{% choices %}` draw one field of a form (templates/components/field.html and choices.html).

The filters serve these components, and pages that have one form for each of several things.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.template import defaultfilters
from django.template.loader import get_template
from django.utils.formats import localize
from django.utils.safestring import SafeString
from django.utils.timezone import is_aware, localtime

from common.texts import patterns
from common.texts.patterns import Pattern
from common.texts.templatetags.dates import unbroken

register = template.Library()

# The arguments that are written into a field, and those that its template asks for besides.
_WRITTEN = ("id", "name", "label", "hint", "value", "options", "about", "rows", "max", "group", "inputmode")
_ASKED = ("bare", "small", "offer", "unspelled")
_FIELD = Pattern("components/field.html", _WRITTEN)
_DAYS = {"date": "Y-m-d", "datetime-local": r"Y-m-d\TH:i"}  # the formats that browsers' controls read


@register.simple_tag
def field(field: Any, **given: Any) -> SafeString:
    """Draw a field: `{% field form.motive id="motif" label=_("Motif") max=300 %}`. The component lists its arguments.

    field: a bound field; an empty value where nothing was sent yet and the page has no form. A field without an error
    is joined from the parts of its kind (`common.texts.patterns`), because a page of the console has thirty.
    """
    own: dict[str, Any] = {"value": "", "choices": ()}
    if field:
        own = {
            "id": field.id_for_label,
            "name": field.html_name,
            "label": field.label,
            "value": field.value(),
            "choices": getattr(field.field, "choices", ()),
        }
    own |= given
    kind = own.get("kind", "")
    if kind == "select":
        own["options"] = _options(own["choices"], own["value"])
    is_ticked = kind == "checkbox" and bool(own["value"])
    if kind == "widget" or (field and field.errors):
        return SafeString(get_template("components/field.html").render({**own, "field": field, "is_ticked": is_ticked}))
    asked = {name: bool(own.get(name)) for name in _ASKED} | {"kind": kind, "is_ticked": is_ticked}
    written = own | {
        "label": unbroken(own.get("label", "")),
        "hint": unbroken(own.get("hint", "")),
        "value": _written(kind, own["value"]),
    }
    return _FIELD.draw([written.get(name, "") for name in _WRITTEN], **asked)


def _written(kind: str, value: Any) -> Any:
    """Return a value as its control writes it; empty for None."""
    if kind in _DAYS:
        local = localtime(value) if isinstance(value, datetime) and is_aware(value) else value
        return defaultfilters.date(local, _DAYS[kind]) or value or ""
    return "" if value is None or kind in {"select", "checkbox"} else localize(value)


def _options(choices: Iterable[tuple[Any, Any]], value: Any) -> SafeString:
    """Return the options of a choice. A page of the console lists all colleagues twice."""
    chosen = str(value)
    return SafeString(
        "".join(
            [
                f'<option value="{patterns.escaped(str(offered))}"{" selected" if str(offered) == chosen else ""}>'
                f"{patterns.escaped(unbroken(text))}</option>"
                for offered, text in choices
            ]
        )
    )


@register.inclusion_tag("components/choices.html")
def choices(field: Any, **given: Any) -> dict[str, Any]:
    """Draw a choice: `{% choices form.rating hint=several boxes=True %}`."""
    return {"field": field, "id": field.auto_id, **given}


@register.filter
def of(name: str, key: object) -> str:
    """Return the id of an element that the page has once for each key: `"note"|of:key`."""
    return f"{name}-{key}"


@register.filter
def takes_focus(field: Any) -> bool:
    """Return whether this is the first field of its form with an error, when no error of the whole form comes before
    it.
    """
    form = field.form
    return not form.non_field_errors() and next((one.name for one in form if one.errors), None) == field.name


@register.simple_tag
def focus_first_error(adminform: Any, inlines: Any) -> bool:
    """Give the focus of a form of the admin to its first field with an error, and return whether there is one.

    To be called before the form is drawn. inlines: the sets of forms below it.
    """
    parts = [*(adminform or ()), *(part for inline in inlines or () for form in inline for part in form)]
    for field in (field for part in parts for line in part for field in line):
        if field.is_readonly or field.field.is_hidden or not field.field.errors:
            continue
        widget = field.field.field.widget
        widget = getattr(widget, "widget", widget)  # in its frame with « Ajouter » and « Modifier »
        widget.attrs["autofocus"] = True
        return True
    return False
