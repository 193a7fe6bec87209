/* The browser's half of an opening. Its private key is made here, cannot leave this browser, and is thrown away when the
   answer was read: HPKE (RFC 9180), base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. See reports/replies.py. */
(() => {
  "use strict";
  if (!window.crypto?.subtle || !window.indexedDB) return;
  const CURVE = { name: "ECDH", namedCurve: "P-256" };
  const SHOWN_SECONDS = 300;
  const text = (value) => new TextEncoder().encode(value);
  const join = (...parts) => new Uint8Array(parts.flatMap((part) => [...part]));
  const encode = (bytes) => btoa(String.fromCharCode(...bytes));
  const decode = (value) => Uint8Array.from(atob(value), (letter) => letter.charCodeAt(0));

  // --- keys, one for each request, in this browser only: { key, owner, made, sent }, by their public half
  const store = (mode, work) => new Promise((resolve, reject) => {
    const opening = indexedDB.open("pnav-levees", 2);
    opening.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion < 1) opening.result.createObjectStore("keys");
      else each(opening.transaction.objectStore("keys"), (at) => at.update({ key: at.value, owner: "", made: Date.now() }));
    };
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction("keys", mode);
      const request = work(transaction.objectStore("keys"));
      transaction.oncomplete = () => { opening.result.close(); resolve(request.result); };
      transaction.onerror = () => reject(transaction.error);
    };
  });
  const each = (keys, work) => {
    const walk = keys.openCursor();
    walk.onsuccess = () => { if (walk.result) { work(walk.result); walk.result.continue(); } };
    return walk;
  };

  // A key goes with its request. One that was never sent may be on its way for a while; one of somebody else at this
  // post, whose requests this page does not know, goes when no request can be so old.
  const ON_ITS_WAY_SECONDS = 3600;
  const { dataset: mine } = document.querySelector("[data-opening-keys]");
  const tidy = () => {
    const wanted = new Set(mine.openingKeys.split(" "));
    return store("readwrite", (keys) => each(keys, (at) => {
      const { owner, made, sent } = at.value;
      if (wanted.has(at.key)) { at.update({ ...at.value, sent: true }); return; }
      const seconds = owner === mine.openingOwner ? (sent ? 0 : ON_ITS_WAY_SECONDS) : Number(mine.openingLongest);
      if (Date.now() - made >= seconds * 1000) at.delete();
    }));
  };
  tidy().catch(() => {}); // a browser that keeps nothing has nothing to tidy

  // --- HPKE
  const KEM = join(text("KEM"), [0, 0x10]);
  const HPKE = join(text("HPKE"), [0, 0x10, 0, 0x01, 0, 0x02]);
  const hmac = async (key, data) => {
    const usable = await crypto.subtle.importKey("raw", key.length ? key : new Uint8Array(32), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", usable, data));
  };
  const extract = (suite, salt, label, input) => hmac(salt, join(text("HPKE-v1"), suite, text(label), input));
  const expand = async (suite, secret, label, info, length) =>
    (await hmac(secret, join([0, length], text("HPKE-v1"), suite, text(label), info, [1]))).slice(0, length);

  const open = async (sealed, privateKey, recipient, info) => {
    const point = sealed.slice(0, 65);
    const theirs = await crypto.subtle.importKey("raw", point, CURVE, false, []);
    const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, privateKey, 256));
    const mixed = await extract(KEM, [], "eae_prk", shared);
    const secret = await expand(KEM, mixed, "shared_secret", join(point, recipient), 32);
    const context = join([0], await extract(HPKE, [], "psk_id_hash", []), await extract(HPKE, [], "info_hash", info));
    const root = await extract(HPKE, secret, "secret", []);
    const key = await crypto.subtle.importKey("raw", await expand(HPKE, root, "key", context, 32), "AES-GCM", false, ["decrypt"]);
    const iv = await expand(HPKE, root, "base_nonce", context, 12);
    const padded = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed.slice(65)));
    return new TextDecoder().decode(padded.slice(2, 2 + padded[0] * 256 + padded[1]));
  };

  // What is not plain printing is written as its code: whoever left it may have turned the direction of writing.
  const plain = (value) => value.replace(/[^\P{C}\n]|[\u2028\u2029]/gu, (one) => `\\u{${one.codePointAt(0).toString(16)}}`);

  // --- asking: the key is made when the form is sent, so that a page that was only looked at leaves none
  const form = document.querySelector("[data-opening-ask]");
  if (form) {
    const field = form.elements.recipient;
    const make = async () => {
      if (field.value && await store("readonly", (keys) => keys.get(field.value))) return;
      const pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
      const recipient = encode(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)));
      await store("readwrite", (keys) => keys.put({ key: pair.privateKey, owner: mine.openingOwner, made: Date.now() }, recipient));
      field.value = recipient;
    };
    let isMaking = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (isMaking) return;
      isMaking = true;
      await make().catch(() => { field.value = ""; }); // the value is then shown on the spot, as the next page says
      isMaking = false;
      form.submit();
    });
    store("readonly", (keys) => keys.count()).then(() => { form.querySelector("[data-opening-key]").hidden = false; }, () => {});
  }

  // --- reading
  const reading = document.querySelector("[data-opening-show]");
  if (!reading) return;
  const { dataset } = reading;
  const [said, value, button, wipe] = ["said", "value", "read", "wipe"].map((name) => reading.querySelector(`[data-opening-${name}]`));
  reading.querySelector("[data-opening-cannot]").remove();
  button.hidden = false;
  const say = (words) => { said.textContent = words; said.hidden = !words; };
  const clear = () => {
    if (wipe.hidden) return;
    value.textContent = "";
    value.hidden = wipe.hidden = true;
    say(dataset.wiped);
    button.remove();
  };
  // Read, or lost: what the page said before is over. (And where « Effacer » was, the next press meets nothing.)
  const end = () => {
    document.querySelectorAll("[data-opening-until-read]").forEach((part) => part.remove());
    const state = document.querySelector("[data-opening-state]");
    state.textContent = state.dataset.openingState;
  };
  const giveUp = (words) => { button.remove(); say(words); };
  // The line broke. What has left the service is kept there no more, and is given to nobody twice: all that can be asked
  // is whether it has left.
  const pageNow = async () => {
    const answer = await fetch(location.pathname, { cache: "no-store" }).catch(() => undefined);
    return answer?.ok && !answer.redirected ? answer.text().catch(() => "") : "";
  };
  const lost = async () => {
    const page = await pageNow();
    if (!page) say(dataset.unknown);
    else if (page.includes("data-opening-read")) say(dataset.kept);
    else if (!page.includes("data-opening-was-read")) giveUp(dataset.gone);
    else { end(); giveUp(dataset.lost); }
  };
  const read = async () => {
    const kept = await store("readonly", (keys) => keys.get(dataset.recipient)).catch(() => undefined);
    if (!kept) { // another browser's, or read in another tab of this one since this page came
      const page = await pageNow();
      return page && !page.includes("data-opening-read") ? giveUp(dataset.gone) : say(dataset.other);
    }
    say("");
    let sealed;
    try {
      const answer = await fetch(dataset.url, {
        method: "POST", headers: { "X-CSRFToken": reading.querySelector("[name=csrfmiddlewaretoken]").value },
      });
      if (answer.redirected) { // to prove again who it is; nothing was read
        const way = new URL(answer.url);
        way.searchParams.set("next", location.pathname);
        location.assign(way.pathname + way.search);
        return;
      }
      if (answer.status === 409) return giveUp(dataset.gone);
      if (!answer.ok) return await lost();
      ({ sealed } = await answer.json());
    } catch {
      return lost();
    }
    const request = decode(btoa(dataset.request.replaceAll("-", "").match(/../g).map((pair) => String.fromCharCode(parseInt(pair, 16))).join("")));
    let opened;
    try {
      opened = await open(decode(sealed), kept.key, decode(dataset.recipient), join(text("pnav reply\0"), request));
    } catch {
      end();
      return giveUp(dataset.failed);
    }
    end();
    say(opened ? "" : dataset.empty);
    value.textContent = plain(opened);
    value.hidden = !opened;
    wipe.hidden = false;
    button.hidden = true;
    (opened ? value : wipe).focus();
    setTimeout(clear, SHOWN_SECONDS * 1000);
    await store("readwrite", (keys) => keys.delete(dataset.recipient)).catch(() => {}); // the next page tidies
  };
  button.addEventListener("click", () => {
    button.disabled = true;
    read().finally(() => { button.disabled = false; });
  });
  wipe.addEventListener("click", clear);
  addEventListener("pagehide", clear);
})();
