/**
 * Passkeys: this script shows what needs a script. When a key does not answer, or none can be used here, it says so in
 * the words of the page. It is loaded after the scripts of allauth, which talk to the key. A code that is typed beside
 * a passkey goes into its field from the first digit on.
 *
 * @module
 */

import { all, markRun, seek } from "./lib/dom.js";

if (!window.PublicKeyCredential) {
  const without = seek("[data-without-passkeys]");
  if (without) without.hidden = false;
} else {
  for (const element of all("[data-needs-script]")) element.hidden = false;
  // Enter in the field for a key's name has to ask the key as well. If the form were sent as it is, it would say that
  // the key did not answer.
  for (const button of all("button[type=button][data-asks-key]", document, HTMLButtonElement)) {
    button.form?.addEventListener("submit", (event) => {
      event.preventDefault();
      button.click();
    });
  }
}

/** Put a code that comes before any field was chosen into its field. @param {KeyboardEvent} event */
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
markRun();
