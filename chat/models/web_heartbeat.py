"""When a web process was last there. `chat.models` imports this module."""

from django.db import models


class WebHeartbeat(models.Model):
    """That some web process of a role lives: one row for each role, written by any of its processes.

    role: "sockets" or "pages" (`PROCESS_ROLE`; a process that serves both writes both). seen_at: the last beat.
    back_at: the first beat after a gap in which none lived (`chat.conversations.web_heartbeat`); None before the first.
    """

    role = models.CharField(max_length=20, primary_key=True)
    seen_at = models.DateTimeField()
    back_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.role
