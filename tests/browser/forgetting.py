"""Removes what a browser test left in the site's database, while the site still answers pages that were closed."""

import time
from collections.abc import Callable

from django.db import IntegrityError, transaction

TRIES, PAUSE_SECONDS = 40, 0.25


def forget(delete: Callable[[], object]) -> None:
    """Delete all of it or nothing, and again while the site adds a row to what is being deleted.

    A page that closes ends what it had begun: its last event may come at this moment. Ten seconds at most.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                delete()
            return
        except IntegrityError:
            if not tries_left:
                raise
            time.sleep(PAUSE_SECONDS)
