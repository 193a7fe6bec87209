"""What the frame of the console says of « Fin de conservation »."""

from django import template
from django.utils import timezone

from chat import forgetting
from chat.forgetting import Notice
from chat.models import Agent

register = template.Library()


@register.simple_tag
def endings_notice(agent: Agent) -> Notice:
    """How many of this agent's exchanges end soon, and how many requests wait for them as a supervisor."""
    return forgetting.notice(agent, timezone.now())
