/**
 * Sentences come from the server, in the language and the voice of the page; scripts only fill in numbers and names.
 *
 * @module
 */

/**
 * @param {string} sentence with `{name}` where a value goes
 * @param {Record<string, string | number>} [values]
 */
export const fill = (sentence, values = {}) => sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
