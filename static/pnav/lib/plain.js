/**
 * Returns a text as it is shown, without anything that cannot be seen, exactly as common/plain_text.py does. A test
 * compares both with thousands of texts (tests/js/test_twins.py).
 *
 * @module
 */

const HIDDEN =
  "\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f" +
  "\\u2028-\\u202e\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0e\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff" +
  "\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}";
const MARKS = "\\u0300-\\u036f\\u0483-\\u0489\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20f0\\ufe20-\\ufe2f";
const LATIN = "A-Za-z\\u00aa\\u00ba\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u024f\\u1e00-\\u1eff";
const OLD = `[^\\u0000-\\u058f${HIDDEN}]`;
// None of these has a lookbehind, unlike those of the server: Safari before 16.4 runs no script with one in it.
const honest = new RegExp(`(${OLD})[\\u200c\\u200d](?=${OLD})|\\u{1f3f4}[\\u{e0020}-\\u{e007e}]{2,8}\\u{e007f}`, "gu");
const suspect = new RegExp(`[${MARKS}]+|[${HIDDEN}]`, "gu");
const isMark = new RegExp(`^[${MARKS}]`, "u");
const MARKS_MOST = 4; // in a row; what is more piles up over the lines above
const SEPARATORS = "\\u2024\\u2044\\u2215\\u29f8\\u3002\\ufe52\\uff0e\\uff0f\\uff61";
const foreign = new RegExp(`(?![\\u0000-\\u007f\\ufe0f${LATIN}])[\\p{L}\\p{M}\\p{N}${SEPARATORS}]`, "u");
// The characters of Python's \s, and no others.
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const OUTSIDE = `${SPACE}/@:<>()"«»,;⟦⟧`;
// A host begins where a run begins. Otherwise a long run without a dot would take the square of its length.
const run = new RegExp(`[^${OUTSIDE}]+`, "gu");
const host = new RegExp(`^[^${OUTSIDE}]+(?:[.\\u3002\\uff0e\\uff61][^${OUTSIDE}.]+)+`, "u");
const SIGNS = ".!?…'’"; // of a sentence, which may follow a host

const SEEN = new RegExp(`[^${SPACE}\\ufe0f${HIDDEN}]`, "u");

/** Whether anything of this text can be seen. @param {string} text */
export const showsSomething = (text) => SEEN.test(text);

/** Whether a name looks like the address of a site that it is not. @param {string} name */
const isMisleading = (name) =>
  name.split(".").some((label) => label.toLowerCase().startsWith("xn--")) ||
  (/[A-Za-z]{2}$/u.test(name) && foreign.test(name));

/** Return what is shown in place of characters that cannot be seen. @param {string} hidden */
const seen = (hidden) => {
  const points = [...hidden];
  const more = points.length > 1 ? ` +${points.length - 1}` : "";
  return `⟦U+${hidden.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}${more}⟧`;
};

/**
 * Return what is shown of marks in a row. U+034F is a mark, and hidden wherever it stands.
 *
 * @param {string} marks each of one unit
 */
const seenMarks = (marks) =>
  marks.slice(0, MARKS_MOST).replace(/\u034f/g, seen) + marks.slice(MARKS_MOST).replace(/\u034f|.+/g, seen);

/** @param {string} name @param {string} misleading */
function flagged(name, misleading) {
  let end = name.length;
  while (end && SIGNS.includes(name[end - 1])) end -= 1;
  const bare = name.slice(0, end);
  return isMisleading(bare) ? `${bare} ⟦${misleading}⟧${name.slice(end)}` : name;
}

/**
 * @param {string} written
 * @param {string} misleading what is said of an address that is not what it looks like
 */
export const plain = (written, misleading) => {
  const text = written.replaceAll("\r\n", "\n");
  /** @type {Set<number>} */
  const kept = new Set();
  for (const found of text.matchAll(honest)) {
    const before = found[1]?.length ?? 0; // the letter before a joiner is not what is kept: it may be a mark
    for (let n = before; n < found[0].length; n++) kept.add(found.index + n);
  }
  const shown = text.replace(suspect, (found, at) => {
    if (isMark.test(found)) return seenMarks(found);
    return kept.has(at) ? found : seen(found);
  });
  return shown.replace(run, (whole) => whole.replace(host, (name) => flagged(name, misleading)));
};
