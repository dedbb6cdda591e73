// What the browser keeps: dialog, settings and everything typed in localStorage, the API key in sessionStorage alone (gone with the tab).

import { Dialog } from "./dialog.js";

const PLACE = "puna.chat";
const UNREAD = "puna.chat.unread";
const KEY = "puna.key";
const FORMAT = 1;

/** A new page's state. `draft` is the message being typed, `edits` texts of messages being edited, by id. */
export const blank = () => ({ dialog: new Dialog(), system: "", settings: {}, tools: "", choice: "auto", logprobs: false, draft: "", edits: {} });

/** The state that was kept, or a new one; what could not be read is laid aside, and `trouble` says so. */
export function kept() {
  let text = null;
  try {
    text = localStorage.getItem(PLACE);
    return { state: text ? { ...blank(), ...read(text) } : blank(), trouble: null };
  } catch (error) {
    const aside = text !== null && stored(UNREAD, text) ? ` It is still there, in localStorage under ${UNREAD}.` : "";
    return { state: blank(), trouble: `What this browser kept could not be read: ${error.message}.${aside}` };
  }
}

function stored(place, text) {
  try {
    localStorage.setItem(place, text);
    return true;
  } catch {
    return false; // full, or not allowed
  }
}

/** Keep the state, without log-probabilities where it does not fit with them. Returns what went wrong, or null. */
export function keep(state) {
  for (const measured of [true, false]) {
    const text = JSON.stringify({ ...written(state, measured), draft: state.draft, edits: editsByPlace(state) });
    if (stored(PLACE, text)) return null;
  }
  return "This browser has no room left to keep the dialog: a reload would lose what is new. Export it.";
}

export function erase() {
  try {
    for (const place of [PLACE, UNREAD]) localStorage.removeItem(place);
  } catch {
    // A browser that keeps nothing has nothing to erase.
  }
}

/** The dialog as a file: this format, and the shown messages as OpenAI writes them. */
export function exported(state, model) {
  const messages = state.dialog.messages(state.system, state.dialog.leaf());
  return JSON.stringify({ ...written(state, true), model, messages }, null, 1);
}

/** The state in an exported file, or in any JSON with OpenAI's `messages`. Throws an Error that says what is wrong. */
export function read(text) {
  const file = JSON.parse(text);
  if (typeof file !== "object" || file === null || Array.isArray(file)) throw new Error("the file is not a JSON object");
  if (file.rows === undefined) return plain(file);
  if (file.puna_chat !== FORMAT) throw new Error(`the file's format is ${file.puna_chat}, and this page reads ${FORMAT}`);
  const dialog = Dialog.of(file.rows);
  return { dialog, ...words(file), draft: String(file.draft ?? ""), edits: editsById(file.edits ?? {}) };
}

function plain(file) {
  if (!Array.isArray(file.messages)) throw new Error("the file has neither `rows` nor `messages`");
  const system = file.messages[0]?.role === "system" ? String(file.messages[0].content) : "";
  const dialog = Dialog.of(system ? file.messages.slice(1) : file.messages);
  return { ...blank(), dialog, system, tools: file.tools ? JSON.stringify(file.tools, null, 2) : "" };
}

function written({ dialog, system, settings, tools, choice, logprobs }, measured) {
  return { puna_chat: FORMAT, system, settings, tools, choice, logprobs, rows: dialog.rows({ measured }) };
}

function words(file) {
  const settings = Object.fromEntries(Object.entries(file.settings ?? {}).map(([name, value]) => [name, String(value)]));
  return { system: String(file.system ?? ""), settings, tools: String(file.tools ?? ""), choice: String(file.choice ?? "auto"), logprobs: file.logprobs === true };
}

// Ids are given anew when rows are read (row i becomes id i + 1), so edits are kept by row.
function editsByPlace({ dialog, edits }) {
  const ids = [...dialog.nodes.keys()].filter((id) => id);
  return Object.fromEntries(Object.entries(edits).map(([id, text]) => [ids.indexOf(Number(id)), text]).filter(([place]) => place >= 0));
}

const editsById = (edits) => Object.fromEntries(Object.entries(edits).map(([place, text]) => [Number(place) + 1, String(text)]));

export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),
};
