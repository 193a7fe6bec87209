// The little work before the queue during a raid (docs/adr/0035): find a number whose SHA-256, after the page's text,
// begins with enough zero bits; then send the form. In slices, so that the page stays alive and « Quitter » instant.
// Without this file, or without WebCrypto, the page waits a moment instead.
(async () => {
  "use strict";
  const form = document.getElementById("effort");
  if (!form) return;
  const { token, bits, left } = form.dataset;
  const SLICE = 256;
  let sent = false;

  function send(work) {
    if (sent) return;
    sent = true;
    form.elements.work.value = work;
    form.submit();
  }
  setTimeout(send, Number(left) * 1000 + 500, "");
  if (!window.crypto || !crypto.subtle) return;
  document.querySelector("[data-work]").hidden = false;

  const text = new TextEncoder();
  const enough = (digest) => new DataView(digest).getUint32(0) >>> (32 - Number(bits)) === 0;
  for (let from = 0; !sent; from += SLICE) {
    const slice = Array.from({ length: SLICE }, (_, index) => from + index);
    const digests = await Promise.all(slice.map((n) => crypto.subtle.digest("SHA-256", text.encode(`${token}:${n}`))));
    const found = digests.findIndex(enough);
    if (found !== -1) send(String(from + found));
  }
})();
