/**
 * Passkeys: show what needs a script, and say in the page's own words that a key did not answer, or that there are none
 * here. After allauth's own scripts, which do the ceremony. A code beside a passkey is taken from its first digit on.
 *
 * @module
 */

import { all, seek } from "./lib/dom.js";

if (!window.PublicKeyCredential) {
  const without = seek("[data-without-passkeys]");
  if (without) without.hidden = false;
} else {
  for (const element of all("[data-needs-script]")) element.hidden = false;
  // Enter in the name of a key asks the key too: sent as it is, the form would say that the key did not answer.
  for (const button of all("button[type=button][data-asks-key]", document, HTMLButtonElement)) {
    button.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      button.click();
    });
  }
}

/** A code that is typed, or put in, before any field was chosen goes into its field. @param {KeyboardEvent} event */
function takeDigits(event) {
  if (document.activeElement !== document.body || event.altKey) return;
  const isPaste = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "v";
  const isDigit = !event.ctrlKey && !event.metaKey && /^[0-9]$/.test(event.key);
  if (isPaste || isDigit) seek("[data-takes-digits]")?.focus();
}

document.addEventListener("keydown", takeDigits);

document.addEventListener("allauth.error", (event) => {
  const place = seek("[data-passkey-error]");
  if (!place) return;
  event.preventDefault();
  const text = document.createElement("p");
  text.className = "fr-error-text";
  text.textContent = place.dataset.text ?? "";
  place.replaceChildren(text);
});
