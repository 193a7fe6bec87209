/**
 * What the scripts of one page tell each other about the session: « over » (nothing can be sent), « lives » (it can
 * again, because the same account signed in again in another tab).
 *
 * @module
 */

export const session = new EventTarget();
