"""This module writes refused frames to the security log: the error code, the kind of socket or page, and the account,
if any."""

from chat.messages import protocol
from common import security_log
from common.security_log import Event

# Codes of frames that our pages never send, or that are for somebody else's conversation. « closed » and
# « unavailable » are nobody's fault, and a limit that is reached has an event of its own.
TOLD = {protocol.BAD_FRAME, protocol.TOO_LONG, protocol.EMPTY, protocol.FORBIDDEN}


def log_rejected_frame(code: str, *, line: str, account: int | None = None) -> None:
    """Log a refused frame, if its code is one of TOLD.

    line: the socket or page, by a name of ours. account: the agent's account; None for a person, who has none.
    """
    if code in TOLD:
        whose = {} if account is None else {"account": account}
        security_log.log(Event.FRAME_REFUSED, line=line, why=code, **whose)
