/**
 * Which of two counted sentences is said: by the rule of the page's language, as `common.texts.plurals` on the server.
 * In French zero is singular (« 0 réponse »), in English it is plural.
 *
 * @module
 */

/** @type {Map<string, Intl.PluralRules>} a cache, as of the formats of `time.js` */
const rules = new Map();

/** @param {number} count @param {string} [language] */
export function isSingular(count, language = document.documentElement.lang) {
  const rule = rules.get(language) ?? new Intl.PluralRules(language);
  rules.set(language, rule);
  return rule.select(count) === "one";
}
