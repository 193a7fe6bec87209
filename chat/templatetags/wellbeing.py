"""This is the tag for the mark on « Prendre soin de moi » in the frame of the console."""

from django import template

from chat.models import Agent
from chat.wellbeing import debriefs

register = template.Library()


@register.simple_tag
def has_talk_news(agent: Agent) -> bool:
    """Return whether the psychologist has answered this agent, who has not read it yet. Only their own pages ask."""
    return debriefs.has_unread_answer(agent)
