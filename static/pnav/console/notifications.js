/**
 * Notifications of the browser, off unless asked for: while the console is behind something else, they say that there is
 * something new and nothing of whom, for others may see the screen. The choice is a cookie, for it says nothing of anybody.
 *
 * @module
 */

import { byId } from "../lib/dom.js";
import { tell } from "./notice.js";
import { words } from "./state.js";

const isAllowed = () => "Notification" in window && Notification.permission === "granted";
const isOn = () => isAllowed() && document.cookie.includes("pnav_console_avis=1");

/** @type {Notification | null} the last one: one at a time */
let shown = null;

/** Raises an error on a telephone, which would want a service worker. */
function show() {
  shown?.close();
  shown = new Notification(words.notification_title, { body: words.notification_body, tag: "console", silent: true });
  shown.onclick = () => {
    window.focus();
    shown?.close();
  };
}

/** Something is new, which is also said and may be heard. */
export const notify = () => {
  if (document.hidden && isOn()) show();
};

/** The button, as it stands; drawn anew with the bar of the availability. */
export const showNotifications = () => {
  const button = byId("notifications");
  button.hidden = false;
  button.textContent = isOn() ? words.notifications_on : words.notifications_off;
};

/** @param {boolean} on */
function choose(on) {
  document.cookie = `pnav_console_avis=${on ? 1 : 0}; path=/console/; max-age=31536000; samesite=lax`;
  showNotifications();
}

/** The first one is shown at once: what they look like, and whether this browser shows any. */
export async function toggleNotifications() {
  if (isOn()) {
    choose(false);
    return;
  }
  try {
    if ((await Notification.requestPermission()) !== "granted") throw new Error("refused");
    show();
    choose(true);
  } catch {
    tell(words.notifications_refused);
  }
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) shown?.close();
});
