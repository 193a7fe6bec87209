/**
 * A list that follows values: only the rows whose value has changed are drawn, and only they are touched in the page.
 *
 * @module
 */

/**
 * @template {object} T
 * @param {Element} list what it holds when it is first shown goes
 * @param {(value: T) => Element} draw a new row; two values that are the same to JSON are the same row
 * @returns {(values: T[]) => void} show these, in this order
 */
export const createRows = (list, draw) => {
  /** @type {Map<string, Element>} */
  let drawn = new Map();
  return (values) => {
    /** @type {Map<string, Element>} */
    const rows = new Map();
    for (const value of values) {
      const said = JSON.stringify(value);
      rows.set(said, drawn.get(said) ?? draw(value));
    }
    drawn = rows;
    const kept = new Set(rows.values());
    for (const row of [...list.children]) if (!kept.has(row)) row.remove();
    for (const [at, row] of [...kept].entries()) {
      if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
    }
  };
};
