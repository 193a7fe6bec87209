/**
 * The force that most of those who wait have, which the list does not repeat in sight.
 *
 * @module
 */

/**
 * Return the force of two or more of these rows and of more than half of them. It is empty where no force is that of so
 * many, or where a row has none (`waiting_list.WaitingList.usual_force`).
 *
 * @param {Record<string, any>[]} items rows of the queue
 */
export function usualForce(items) {
  if (!items.every(({ force }) => force)) return "";
  const isUsual = (/** @type {string} */ one) => {
    const count = items.filter(({ force }) => force === one).length;
    return count > 1 && 2 * count > items.length;
  };
  return ["police", "gendarmerie"].find(isUsual) ?? "";
}
