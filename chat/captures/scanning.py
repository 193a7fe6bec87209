"""Has originals scanned (`chat.captures.scanner`), in a thread of the worker of its own.

clamd may take two minutes for one file, which neither a drawing nor another file waits for longer than once. So each
try is noted in the row before it begins (`scan_tries`, `scan_after`), and a file that gave no verdict waits for its
next one, while the others are scanned.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from chat.captures import queries, scanner, store
from chat.models import Capture, CaptureState, ScanResult
from common import clock
from common.data_keys.keys import KeysAway
from common.encryption import UnsealError

logger = logging.getLogger(__name__)

SCANS_A_TURN = 20
TURN_SECONDS = 5.0
# Between two tries of one file, then twice as long each time. After TRIES_MOST without a verdict, which take 75 minutes
# at least, it is « unscannable », so that its unit may open it with that said.
PAUSE = timedelta(minutes=5)
TRIES_MOST = 5


def scan_some() -> int:
    """Have at most SCANS_A_TURN originals scanned, and return how many results came.

    Raises ScannerAway when clamd cannot be reached; that is no try of any file.
    """
    answered = 0
    if settings.CLAMD:
        for _each in range(SCANS_A_TURN):
            capture = _claim()
            if capture is None:
                break
            answered += _scan(capture)
    return answered


@transaction.atomic
def _claim() -> Capture | None:
    """Count a try of the original that has waited longest and is due, and return it; None when none is.

    Those of an exchange of which one was tried before come after the others. So somebody who sends twenty files that
    take clamd two minutes each delays another person by one of them, for each worker.
    """
    now = clock.now()
    tried = Capture.objects.filter(conversation=OuterRef("conversation"), scan=ScanResult.WAITING, scan_tries__gt=0)
    rows = Capture.objects.select_for_update(of=("self",), skip_locked=True).select_related("conversation")
    due = rows.filter(Q(scan_after__isnull=True) | Q(scan_after__lte=now), scan=ScanResult.WAITING)
    whole = due.exclude(state=CaptureState.ARRIVING)
    capture = whole.annotate(is_tried=Exists(tried)).order_by("is_tried", "received_at").first()
    if capture is not None:
        capture.scan_after = now + PAUSE * 2 ** min(capture.scan_tries, TRIES_MOST)
        capture.scan_tries += 1
        capture.save(update_fields=["scan_after", "scan_tries"])
    return capture


def _scan(capture: Capture) -> bool:
    """Have one original scanned, and return whether there is a result. Raises ScannerAway."""
    row = Capture.objects.filter(pk=capture.pk, scan=ScanResult.WAITING)
    try:
        result = scanner.scan(queries.read_original(capture))
    except scanner.ScannerAway:
        row.update(scan_tries=capture.scan_tries - 1, scan_after=None)
        raise
    except (store.StoreAway, KeysAway):  # nothing was asked of the scanner
        row.update(scan_tries=capture.scan_tries - 1, scan_after=clock.now() + PAUSE)
        return False
    except scanner.NoVerdict:
        if capture.scan_tries < TRIES_MOST:
            return False
        result = ScanResult.UNSCANNABLE
    except (UnsealError, KeyError):  # the capture was altered in the store, or its key is gone
        result = ScanResult.UNSCANNABLE
    row.update(scan=result)
    return True
