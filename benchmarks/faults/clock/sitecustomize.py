"""Steps the wall clock at a signal. Only the web processes of a fault run load it.

SIGUSR1 reads the step, in seconds, from the file that FAULTS_CLOCK names. The monotonic clock does not change, as when
an operator or NTP sets the time of a machine. `datetime.now` cannot be replaced by assignment to its type, so the
type's dictionary is written.
"""

import ctypes
import datetime
import gc
import os
import signal
import time
from pathlib import Path

_real_time, _real_time_ns, _real_now = time.time, time.time_ns, datetime.datetime.now
_step = 0.0


def _set_step(_signal, _frame):
    global _step
    _step = float(Path(os.environ["FAULTS_CLOCK"]).read_text())


def _now(cls, tz=None):
    return _real_now(tz) + datetime.timedelta(seconds=_step)


if "FAULTS_CLOCK" in os.environ:
    signal.signal(signal.SIGUSR1, _set_step)
    time.time = lambda: _real_time() + _step
    time.time_ns = lambda: _real_time_ns() + int(_step * 1e9)
    gc.get_referents(datetime.datetime.__dict__)[0]["now"] = classmethod(_now)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))
