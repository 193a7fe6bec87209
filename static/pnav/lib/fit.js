/**
 * Computes where a list that opens under a field fits: above a telephone's keyboard, and above what is fixed at the
 * bottom.
 *
 * @module
 */

/**
 * The measures of the page, in CSS pixels from the top of the window.
 *
 * @typedef {object} Place
 * @property {number} field top of the field, with its label
 * @property {number} list top of the list
 * @property {number} wanted the height that shows all of the list, or as much of it as it ever shows
 * @property {number} top the first line that nothing covers
 * @property {number} bottom the last line that nothing covers
 */

/**
 * Return how far to scroll the page down, and how high the list may then be.
 *
 * The field stays in view: at most it moves to the top. The list is never higher than what is free below the field, and
 * never lower than `least`, so that something of it can be reached on the lowest screens.
 *
 * @param {Place} place
 * @param {number} least
 * @returns {{ scroll: number, height: number }}
 */
export const fit = ({ field, list, wanted, top, bottom }, least) => {
  const missing = list + wanted - bottom;
  const scroll = Math.max(0, Math.min(missing, field - top));
  return { scroll, height: Math.max(least, Math.min(wanted, bottom - list + scroll)) };
};

/**
 * Return what nothing covers: the part of the page above the keyboard, without what is fixed or sticks at its edges.
 *
 * @param {Iterable<Element>} bars what may be fixed or stick
 * @returns {{ top: number, bottom: number }}
 */
export const free = (bars) => {
  const view = window.visualViewport;
  let top = view ? view.offsetTop : 0;
  let bottom = view ? view.offsetTop + view.height : window.innerHeight;
  for (const bar of bars) {
    if (!["fixed", "sticky"].includes(getComputedStyle(bar).position)) continue;
    const place = bar.getBoundingClientRect();
    if (place.height === 0) continue;
    if (place.top <= top) top = Math.max(top, place.bottom);
    else if (place.top < bottom && place.bottom >= bottom) bottom = place.top;
  }
  return { top, bottom };
};
