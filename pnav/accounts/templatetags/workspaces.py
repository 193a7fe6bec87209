"""Gives the frame of a page the workspaces of an account."""

from typing import Any

from django import template

from pnav.accounts.second_factor import Standing, standing_of
from pnav.accounts.workspaces import Workspace, workspaces_of

register = template.Library()


@register.simple_tag(takes_context=True)
def rooms(context: dict[str, Any]) -> list[Workspace]:
    """Return the workspaces that this account may open; none until its session has proved what is asked of it."""
    request = context["request"]
    return workspaces_of(request.user) if standing_of(request.user, request.session) is Standing.COMPLETE else []
