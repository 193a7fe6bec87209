"""This is the table of the heartbeats of web processes."""

from django.db import models


class WebHeartbeat(models.Model):
    """It is when some web process of a role was last alive. There is one row for each role, written by any of its
    processes.

    role: "sockets" or "pages" (`PROCESS_ROLE`; a process that serves both writes both). seen_at: the last beat.
    back_at: the first beat after a gap in which none was alive (`chat.conversations.web_heartbeat`); None before the
    first gap.
    """

    role = models.CharField(max_length=20, primary_key=True)
    seen_at = models.DateTimeField()
    back_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.role
