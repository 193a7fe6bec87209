"""This is the filter `{{ report|place }}`: where the person of a report is, in the same words as everywhere in the
console."""

from django import template

from chat.conversations.wording import place_of

register = template.Library()
register.filter("place", place_of)
