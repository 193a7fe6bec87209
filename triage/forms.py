"""This is the form by which a page of the orientation takes the answer to its question."""

from typing import Any

from django import forms

from triage import texts as triage_texts
from triage.questionnaire.questions import Question, Voice


class AnswerForm(forms.Form):
    """It takes the answer to one question: one of its options, said in the person's voice."""

    def __init__(self, *args: Any, question: Question, voice: Voice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["answer"] = forms.ChoiceField(
            choices=[(option.value, option.label.spoken(voice)) for option in question.options],
            widget=forms.RadioSelect,
            error_messages={
                "required": triage_texts.CHOOSE.later(familiar=voice.familiar),
                "invalid_choice": triage_texts.FROM_LIST.later(familiar=voice.familiar),
            },
        )
