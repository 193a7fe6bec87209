"""This module reads values that were stored by name, in a session, in Redis or encrypted in a row, perhaps by another
version.

While a version is rolled out, old and new processes read what the others stored. The old version does not know a name
that the new one added. Passed to a function as a keyword, it would raise a TypeError, and the person would get an error
page.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any


def known_to(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of these values that the function, or the class, accepts as keywords.

    A parameter that may be missing in the values needs a default, for values that the old version stored. This inspects
    the signature.
    """
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in values.items() if name in parameters}
