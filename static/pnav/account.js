// Passkeys: show what needs a script, and say in the page's own words that a key did not answer, or that there are none here.
'use strict'

document.addEventListener('DOMContentLoaded', () => {
  const without = document.querySelector('[data-without-passkeys]')
  if (!window.PublicKeyCredential) {
    if (without) without.hidden = false
    return
  }
  for (const element of document.querySelectorAll('[data-needs-script]')) element.hidden = false
  // Enter in the name of a key asks the key too: sent as it is, the form would say that the key did not answer.
  for (const button of document.querySelectorAll('button[type=button][data-asks-key]')) {
    button.form.addEventListener('submit', (event) => {
      event.preventDefault()
      button.click()
    })
  }
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
