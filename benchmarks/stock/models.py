"""The models, with as much as the three pages show."""

from django.db import models


class Section(models.Model):
    title = models.CharField(max_length=200)
    body = models.TextField()


class HelpNumber(models.Model):
    number = models.CharField(max_length=20)
    label = models.CharField(max_length=100)
    hours = models.CharField(max_length=100, blank=True)


class Municipality(models.Model):
    name = models.CharField(max_length=100, db_index=True)
    department = models.CharField(max_length=100)
    postal_code = models.CharField(max_length=5, db_index=True)


class Conversation(models.Model):
    status = models.CharField(max_length=20)
    urgency = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["status", "-urgency", "queued_at"])]


class Agent(models.Model):
    name = models.CharField(max_length=60)


class Message(models.Model):
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField()
    agent = models.ForeignKey(Agent, null=True, on_delete=models.CASCADE)
    body = models.TextField()
    sent_at = models.DateTimeField()

    class Meta:
        ordering = ["seq"]
        unique_together = [("conversation", "seq")]
