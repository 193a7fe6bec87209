"""Lines of the register as an act writes them: in a transaction of its own."""

from typing import Any

from django.db import transaction

from reports import register


@transaction.atomic
def record(**values: Any) -> None:
    register.record(**values)


@transaction.atomic
def record_many(**values: Any) -> None:
    register.record_many(**values)
