"""People who differ in everything that the order of the queue may compare: among equal people a test cannot see that a
part of it is missing.
"""

import itertools
from collections.abc import Iterator
from typing import Any

from chat.conversations.dispatcher import TURN_COLUMNS
from chat.models.conversation import ConversationQuerySet
from chat.rules.assignment import IN_TURN
from locations.models import Force
from reports.models import AgeBand, ReporterRole


def unlike() -> Iterator[dict[str, Any]]:
    """Yield fields of reports, each unlike the one before."""
    roles, forces, ages = (itertools.cycle(each.values) for each in (ReporterRole, Force, AgeBand))
    while True:
        yield {"role": next(roles), "force": next(forces), **AgeBand.as_stored(next(ages))}


def one_value_among(waiting: ConversationQuerySet) -> list[str]:
    """Return the columns of the order that have one value among these people.

    An expression of `IN_TURN` is not looked at.
    """
    of_the_table = [part.removeprefix("-") for part in IN_TURN if isinstance(part, str)]
    columns = sorted({*TURN_COLUMNS, *of_the_table})
    return [column for column in columns if len(set(waiting.values_list(column, flat=True))) < 2]
