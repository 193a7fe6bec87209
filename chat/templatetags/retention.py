"""What the frame of the console says of « Fin de conservation »."""

from django import template
from django.utils import timezone

from chat.models import Agent
from chat.retention import schedule
from chat.retention.schedule import Notice

register = template.Library()


@register.simple_tag
def endings_notice(agent: Agent) -> Notice:
    """How many of this agent's exchanges end soon, and how many requests wait for them as a supervisor."""
    return schedule.notice(agent, timezone.now())
