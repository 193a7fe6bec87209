"""Turns CSS declarations that say left and right into ones that follow the direction of the text.

« Left » becomes the start of a line and « right » its end, which is the same in a left-to-right page. What has no such
word in CSS (positions of a background, transformations) stays as it is. Pure.
"""

import re

_PARTS = re.compile(r"(?:\([^()]*(?:\([^()]*\)[^()]*)*\)|[^\s()])+")  # two brackets deep: calc(var(--a) + 1px)
_SIDES = {"left": "start", "right": "end"}
_ENDS = {"top": "start", "bottom": "end"}
_SIDE = re.compile(r"((?:scroll-)?(?:margin|padding))-(left|right)|(border)-(left|right)(-width|-style|-color)?")
_CORNER = re.compile(r"border-(top|bottom)-(left|right)-radius")
_FOUR = {"margin", "padding", "inset", "border-width", "border-style", "border-color"}


def logical_properties(name: str, value: str) -> list[tuple[str, str]]:
    """Return the same declaration, or the declarations that replace it."""
    if name in _SIDES and value != "50%":  # 50% is the middle, from where an element is moved back by half of its width
        return [(f"inset-inline-{_SIDES[name]}", value)]
    if found := _SIDE.fullmatch(name):
        what, side = found[1] or found[3], found[2] or found[4]
        return [(f"{what}-inline-{_SIDES[side]}{found[5] or ''}", value)]
    if found := _CORNER.fullmatch(name):
        return [(f"border-{_ENDS[found[1]]}-{_SIDES[found[2]]}-radius", value)]
    bare, important = _important(value)
    if name == "text-align" and bare in _SIDES:
        return [(name, _SIDES[bare] + important)]
    if name in {"float", "clear"} and bare in _SIDES:
        return [(name, f"inline-{_SIDES[bare]}{important}")]
    if name in _FOUR:
        return _sides(name, _PARTS.findall(bare), important) or [(name, value)]
    if name == "border-radius" and "/" not in bare:
        return _corners(_PARTS.findall(bare), important) or [(name, value)]
    return [(name, value)]


def _important(value: str) -> tuple[str, str]:
    bare = value.removesuffix("!important").rstrip() if value.endswith("!important") else value
    return bare, value[len(bare) :]


def _sides(name: str, parts: list[str], important: str) -> list[tuple[str, str]]:
    """Return the replacement of four values when the second (right) differs from the fourth (left); else nothing."""
    if len(parts) != 4 or parts[1] == parts[3]:
        return []
    top, right, bottom, left = parts
    what, _dash, kind = name.partition("-")
    ending = f"-{kind}" if kind else ""
    block = top if top == bottom else f"{top} {bottom}"
    return [
        (f"{what}-block{ending}", block + important),
        (f"{what}-inline{ending}", f"{left} {right}{important}"),
    ]


def _corners(parts: list[str], important: str) -> list[tuple[str, str]]:
    """Return the replacement of two to four values when the left corners differ from the right ones; else nothing."""
    if len(parts) == 1:
        return []
    first, second = parts[0], parts[1]
    third = parts[2] if len(parts) > 2 else first
    fourth = parts[3] if len(parts) > 3 else second
    if first == second and third == fourth:
        return []
    corners = {"start-start": first, "start-end": second, "end-end": third, "end-start": fourth}
    return [(f"border-{corner}-radius", value + important) for corner, value in corners.items()]
