/**
 * The keys that this browser holds, one for each disclosure request, by their public half. They are kept nowhere else.
 *
 * @module
 */

/** @typedef {{ key: CryptoKey, owner: string, made: number, sent?: boolean }} Kept made: in ms */

const ON_ITS_WAY_SECONDS = 3600;

/** Call a function with each key. @param {IDBObjectStore} keys @param {(at: IDBCursorWithValue) => void} work */
const each = (keys, work) => {
  const walk = keys.openCursor();
  walk.onsuccess = () => {
    if (!walk.result) return;
    work(walk.result);
    walk.result.continue();
  };
  return walk;
};

/**
 * Run one operation on the stored keys. Reject in a browser that stores nothing.
 *
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(keys: IDBObjectStore) => IDBRequest<T>} work
 * @returns {Promise<T>}
 */
export const store = (mode, work) =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open("pnav-levees", 2);
    opening.onupgradeneeded = ({ oldVersion }) => {
      if (oldVersion < 1) {
        opening.result.createObjectStore("keys");
        return;
      }
      const keys = /** @type {IDBTransaction} */ (opening.transaction).objectStore("keys");
      each(keys, (at) => at.update({ key: at.value, owner: "", made: Date.now() }));
    };
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction("keys", mode);
      const request = work(transaction.objectStore("keys"));
      transaction.oncomplete = () => {
        opening.result.close();
        resolve(request.result);
      };
      transaction.onerror = () => reject(transaction.error);
    };
  });

/** @param {string} recipient @returns {Promise<Kept | undefined>} */
export const keyOf = (recipient) => store("readonly", (keys) => keys.get(recipient));

/**
 * Delete keys that are no longer needed. A key is deleted when its request is gone. One that was never sent may still
 * be on its way, and is kept for a while. One of another account on this computer, whose requests this page does not
 * know, is deleted when no request can be so old.
 *
 * @param {DOMStringMap} mine what this page knows: `openingKeys`, `openingOwner`, `openingLongest` (seconds)
 */
export const tidy = (mine) => {
  const wanted = new Set((mine.openingKeys ?? "").split(" "));
  return store("readwrite", (keys) =>
    each(keys, (at) => {
      const { owner, made, sent } = /** @type {Kept} */ (at.value);
      if (wanted.has(String(at.key))) {
        at.update({ ...at.value, sent: true });
        return;
      }
      const ownSeconds = sent ? 0 : ON_ITS_WAY_SECONDS;
      const seconds = owner === mine.openingOwner ? ownSeconds : Number(mine.openingLongest);
      if (Date.now() - made >= seconds * 1000) at.delete();
    }),
  );
};
