"""Read by name what was kept by name: in a session, in Redis or sealed in a row, perhaps by another version.

While a version is rolled out, old and new processes read what the other one kept. A name that came with the version
after is unknown to the one before: spread over a function, it would be a TypeError and an error page for that person.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any


def known_to(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of these values that the function, or the class, takes by their name.

    What it takes and what is not there needs a default, for the other direction. Costs a look at a signature.
    """
    parameters = inspect.signature(function).parameters
    return {name: value for name, value in values.items() if name in parameters}
