"""This is the tag for the notice of « Fin de conservation » in the frame of the console."""

from django import template
from django.utils import timezone

from chat.models import Agent
from chat.retention import schedule
from chat.retention.schedule import Notice

register = template.Library()


@register.simple_tag
def endings_notice(agent: Agent) -> Notice:
    """Return how many of the agent's exchanges will soon be deleted, and how many requests wait for a supervisor."""
    return schedule.notice(agent, timezone.now())
