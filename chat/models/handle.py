"""This is the table of handles: the number, colour and word by which an agent knows a conversation
(`chat.rules.handles`)."""

from django.db import models

from chat.rules.handles import Handle


class ConversationHandle(models.Model):
    """It is the handle of one conversation for one agent. It is never changed, and is deleted with the conversation.

    Numbers, colours and words come from lists in the code. No constraint names them, so that a list may grow while two
    versions run side by side.
    """

    conversation = models.ForeignKey(
        "chat.Conversation", on_delete=models.CASCADE, related_name="handles", db_index=False
    )
    agent = models.ForeignKey("chat.Agent", on_delete=models.CASCADE, related_name="handles", db_index=False)
    number = models.PositiveSmallIntegerField()
    colour = models.CharField(max_length=20)
    word = models.CharField(max_length=20)
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "agent"], name="handle_once_for_an_agent"),
        ]
        indexes = [
            models.Index(fields=["agent", "given_at"], name="handle_given"),
        ]

    @property
    def value(self) -> Handle:
        """Return the handle as a value, for pages and rules."""
        return Handle(self.number, self.colour, self.word)
