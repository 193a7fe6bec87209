/**
 * Notifications of the browser, which are off unless the agent asks for them. While another window covers the console,
 * they say that there is something new. They do not say about whom, because others may see the screen. The choice is
 * kept in a cookie, because it says nothing about anybody.
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

/** Show a notification. This raises an error on a telephone, which requires a service worker. */
function show() {
  shown?.close();
  shown = new Notification(words.notification_title, { body: words.notification_body, tag: "console", silent: true });
  shown.onclick = () => {
    window.focus();
    shown?.close();
  };
}

/** Notify of something new. It is announced as well, and may make a sound. */
export const notify = () => {
  if (document.hidden && isOn()) show();
};

/** Draw the state of the button again after the bar of the availability was drawn. */
export const showNotifications = () => {
  const button = byId("notifications");
  button.textContent = isOn() ? words.notifications_on : words.notifications_off;
};

/** @param {boolean} on */
function choose(on) {
  document.cookie = `pnav_console_avis=${on ? 1 : 0}; path=/console/; max-age=31536000; samesite=lax`;
  showNotifications();
}

/** Show one notification at once, so that the agent sees what it looks like and whether this browser shows any. */
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
