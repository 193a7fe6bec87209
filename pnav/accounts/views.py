"""allauth's enrolment, which also counts as a proof for the session that enrols."""

from typing import cast

from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView
from django import forms
from django.http import HttpResponse

from pnav.accounts.models import User
from pnav.accounts.second_factor import record_enrolment


class ActivateTOTP(ActivateTOTPView):
    def form_valid(self, form: forms.Form) -> HttpResponse:
        response = super().form_valid(form)
        record_enrolment(cast(User, self.request.user), self.request.session)
        return response


class AddPasskey(AddWebAuthnView):
    def form_valid(self, form: forms.Form) -> HttpResponse:
        response = super().form_valid(form)
        record_enrolment(cast(User, self.request.user), self.request.session)
        return response
