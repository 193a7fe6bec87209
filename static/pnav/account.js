// Passkeys: show what needs a script, and say in the page's own words that a key did not answer.
'use strict'

document.addEventListener('DOMContentLoaded', () => {
  if (!window.PublicKeyCredential) return
  for (const element of document.querySelectorAll('[data-needs-script]')) element.hidden = false
})

document.addEventListener('allauth.error', (event) => {
  const place = document.querySelector('[data-passkey-error]')
  if (!place) return
  event.preventDefault()
  const text = document.createElement('p')
  text.className = 'fr-error-text'
  text.textContent = place.dataset.text
  place.replaceChildren(text)
})
