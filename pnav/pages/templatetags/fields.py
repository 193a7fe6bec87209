"""`{% field %}` and `{% choices %}` draw one field of a form: templates/components/field.html and choices.html.

The filters are for what these ask of a field, and for a page that has one form for each of several things.
"""

from typing import Any

from django import template

register = template.Library()


@register.inclusion_tag("components/field.html")
def field(field: Any, **given: Any) -> dict[str, Any]:
    """`{% field form.motive id="motif" label=_("Motif") max=300 %}`: the component says all that may be given.

    field: a bound field; an empty value where nothing was sent yet and the page has no form.
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
    return {**own, "field": field, **given}


@register.inclusion_tag("components/choices.html")
def choices(field: Any, **given: Any) -> dict[str, Any]:
    """`{% choices form.rating hint=several boxes=True %}`."""
    return {"field": field, "id": field.auto_id, **given}


@register.filter
def of(name: str, key: object) -> str:
    """`"note"|of:key`: the id of an element that the page has once for each key."""
    return f"{name}-{key}"


@register.filter
def takes_focus(field: Any) -> bool:
    """Whether this is the first field of its form that is in error, where no error of the whole form comes before."""
    form = field.form
    return not form.non_field_errors() and next((one.name for one in form if one.errors), None) == field.name
