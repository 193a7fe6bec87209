"""Logs each frame that is refused: its kind, its line, and the account that sent it if there is one."""

from chat.messages import protocol
from common import security_log
from common.security_log import Event

# A frame that our pages never send, or one for somebody else's conversation. « closed » and « unavailable » are
# nobody's fault; limits tell themselves.
TOLD = {protocol.BAD_FRAME, protocol.TOO_LONG, protocol.EMPTY, protocol.FORBIDDEN}


def log_rejected_frame(code: str, *, line: str, account: int | None = None) -> None:
    """code: of the error. line: socket or page, by a name of ours. account: of a console; None for a person."""
    if code in TOLD:
        whose = {} if account is None else {"account": account}
        security_log.log(Event.FRAME_REFUSED, line=line, why=code, **whose)
