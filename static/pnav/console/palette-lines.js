/**
 * Draws the lines of the palette. What people wrote is only ever set with textContent, or taken out of a page that the
 * server drew.
 *
 * @module
 */

/**
 * @typedef {object} Choice
 * @property {string} kind
 * @property {string} label
 * @property {string} text what is searched too, and shown below
 * @property {string} [name] by which it is called too; "": it is called by none, because its label is a sentence to insert
 * @property {string} [beside] what a screen reader says after its name, as it does in the list of replies
 * @property {string} [also] other words by which it is found; they are not shown
 * @property {() => void} run
 * @property {number} [first] how early it stands before anything is typed, the greatest first; none: after all of these
 * @property {boolean} [isTwin] another line leads to the same: it is listed only once something is typed
 * @property {boolean} [stays] the palette stays open
 * @property {import("./found.js").Found} [found] the message that it leads to
 */

/** @param {string} name @param {string} text */
function spanOf(name, text) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = text;
  return span;
}

/**
 * Draw one line. Its id and whether it is selected follow from its place in the list.
 *
 * @param {Choice} choice
 * @param {number} at its place, from 0
 * @param {boolean} [isInGroup] its kind is the heading of its group, and is not repeated
 */
export function drawLine(choice, at, isInGroup = false) {
  const option = document.createElement("li");
  option.id = `palette-${at}`;
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", String(at === 0));
  // Screen readers say the parts as one name, with a pause between them.
  const number = choice.found?.number.textContent?.trim();
  const label = number ? `${number} · ${choice.label}` : choice.label;
  const kind = isInGroup ? "" : choice.kind;
  option.setAttribute("aria-label", [kind, label, choice.beside, choice.text].filter(Boolean).join(", "));
  // The name has said all of it. Of an option with parts Orca says the first part alone.
  const shown = document.createElement("span");
  shown.ariaHidden = "true";
  option.append(shown);
  if (choice.found) {
    const { number: handle, words: excerpt } = choice.found;
    excerpt.className = "console-palette__words";
    shown.append(document.adoptNode(handle), ` ${choice.label} `, spanOf("console-palette__kind", choice.kind));
    shown.append(document.adoptNode(excerpt));
    return option;
  }
  for (const [tag, name, text] of [
    ["span", "console-palette__kind", kind],
    ["strong", "", choice.label],
    ["span", "console-palette__text", choice.text],
  ]) {
    if (!text) continue;
    const part = document.createElement(tag);
    if (name) part.className = name;
    part.textContent = text;
    shown.append(part, " ");
  }
  return option;
}

/**
 * Return the lines by kind: the kinds in the order in which each first comes, and so the lines in each.
 *
 * @param {Choice[]} choices
 * @returns {Choice[][]}
 */
export function byKind(choices) {
  /** @type {Map<string, Choice[]>} */
  const kinds = new Map();
  for (const one of choices) kinds.set(one.kind, [...(kinds.get(one.kind) ?? []), one]);
  return [...kinds.values()];
}

/**
 * Draw the lines in groups, each under its kind, which stood before every line. Screen readers say a group, with its
 * name, where it begins.
 *
 * @param {Choice[][]} groups
 */
export function drawGroups(groups) {
  let at = 0;
  return groups.map((choices, place) => {
    const part = document.createElement("li");
    part.setAttribute("role", "presentation");
    const heading = spanOf("console-palette__heading", choices[0]?.kind ?? "");
    heading.id = `palette-groupe-${place}`;
    const lines = document.createElement("ul");
    lines.setAttribute("role", "group");
    lines.setAttribute("aria-labelledby", heading.id);
    for (const choice of choices) {
      lines.append(drawLine(choice, at, true));
      at += 1;
    }
    part.append(heading, lines);
    return part;
  });
}
