/**
 * What the scripts of one page tell each other of the session: « over » (nothing can be sent), « lives » (it can again:
 * the same account signed in anew in another tab).
 *
 * @module
 */

export const session = new EventTarget();
