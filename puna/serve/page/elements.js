// Elements are made here: what they hold becomes text nodes, never markup.
//
// A model's words, a tool's arguments and a server's messages are a stranger's. Nothing on this page is ever parsed as HTML, so there is nothing to
// sanitise; and characters that would reorder what is read (bidirectional overrides) are shown instead of obeyed.

// Overrides turn letters round by force, and no language needs them; isolates, embeddings and marks do have honest uses in prose, but none in code.
const OVERRIDES = /[\u202d\u202e]/;
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/;

/** An element with attributes, listeners (functions) and children (nodes, strings; null is left out). */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  // Children first: an element that has `dir=auto` looks through all of its text again at each child.
  for (const child of children.flat()) if (child !== null && child !== undefined) element.append(child);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  return element;
}

/** A small button that says what it does. */
export function button(label, click, attributes = {}) {
  return el("button", { type: "button", class: "quiet", click, ...attributes }, label);
}

/** Whether text holds characters that `strangers` would show as marks. */
export const reorders = (text, { code = false } = {}) => (code ? DIRECTIONS : OVERRIDES).test(text);

/** Nodes for a stranger's text: the text itself, and a mark for each character that would reorder it. */
export function strangers(text, { code = false } = {}) {
  if (!reorders(text, { code })) return text ? [document.createTextNode(text)] : [];
  const pattern = new RegExp(`(${(code ? DIRECTIONS : OVERRIDES).source})`);
  return text.split(pattern).filter(Boolean).map((part) => (part.length === 1 && pattern.test(part) ? mark(part) : document.createTextNode(part)));
}

function mark(character) {
  const name = `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  return el("span", { class: "mark", title: `${name}: a character that would reorder this text` }, name);
}

const numbers = new Intl.NumberFormat("en");

/** `8192` as `8,192`. */
export const counted = (number) => numbers.format(number);

/** `1` and `token` as `1 token`, `2` as `2 tokens`. */
export const plural = (number, noun) => `${counted(number)} ${noun}${number === 1 ? "" : "s"}`;

/** Put text on the clipboard; where the page is not served securely (http, not loopback) the browser has the old way only. */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = el("textarea", { class: "unseen", readonly: true, "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("the browser refused to copy");
}

/** A button that copies what `text()` returns and says that it did. */
export function copyButton(text, label = "Copy") {
  const made = button(label, async () => {
    try {
      await copy(text());
      made.textContent = "Copied";
    } catch {
      made.textContent = "Not copied";
    }
    setTimeout(() => { made.textContent = label; }, 1500);
  });
  return made;
}
