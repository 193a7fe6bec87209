"""Filters that return the reply which one press inserts into the answer.

They are `{{ partner|partner_reply }}`, `{{ done|step_reply:voice }}` and `{{ name|question_reply:voice }}`.
"""

from django import template

from chat.casework import one_press, replies

register = template.Library()

register.filter("partner_reply", replies.partner_reply)
register.filter("step_reply", one_press.step_reply)
register.filter("question_reply", one_press.question_reply)
