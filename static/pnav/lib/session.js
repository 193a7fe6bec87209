/**
 * What the scripts of one page tell each other about the session: « over » (nothing can be sent), « lives » (it can
 * again, because the same account signed in again in another tab).
 *
 * @module
 */

// isAsked: before a form is sent, it is asked whether the session lives (staff/session.js has run).
export const session = Object.assign(new EventTarget(), { isAsked: false });
