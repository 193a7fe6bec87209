"""`{{ partner|partner_reply }}`: the reply that one press puts into the answer."""

from django import template

from chat.casework import replies

register = template.Library()

register.filter("partner_reply", replies.partner_reply)
