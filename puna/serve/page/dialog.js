// The dialog: a tree of messages, of which one path is shown. Asking again or editing grows a branch beside the old one, so nothing is ever lost.
//
// A message is `{id, parent, role, content, chosen, children}` and, by role, `calls` (an assistant's: `{id, name, arguments}`, arguments as the model
// wrote them), `results` (typed so far, by call), `call` (a tool's), and what was measured of an answer. The root has no role.

const ROLES = ["user", "assistant", "tool"];
const MOST_MESSAGES = 20000;

export class Dialog {
  constructor() {
    this.nodes = new Map([[0, { id: 0, parent: null, children: [], chosen: null }]]);
    this.next = 1;
  }

  node(id) {
    return this.nodes.get(id);
  }

  /** Messages from the first to the last that is shown. */
  path() {
    const shown = [];
    for (let at = this.node(0); at.chosen !== null; ) shown.push((at = this.node(at.chosen)));
    return shown;
  }

  leaf() {
    return this.path().at(-1) ?? this.node(0);
  }

  /** Add a message under `parent` and choose it. */
  add(parent, message) {
    const node = { ...message, id: this.next++, parent, children: [], chosen: null };
    this.nodes.set(node.id, node);
    this.node(parent).children.push(node.id);
    this.node(parent).chosen = node.id;
    return node;
  }

  /** Forget a message that holds nothing; its place goes to the sibling before. */
  drop({ id, parent }) {
    const above = this.node(parent);
    above.children = above.children.filter((child) => child !== id);
    if (above.chosen === id) above.chosen = above.children.at(-1) ?? null;
    this.nodes.delete(id);
  }

  /** Show the sibling `step` places after this message. */
  choose({ id, parent }, step) {
    const above = this.node(parent);
    const other = above.children[above.children.indexOf(id) + step];
    if (other !== undefined) above.chosen = other;
  }

  siblings({ parent }) {
    return this.node(parent).children;
  }

  /** Messages as OpenAI writes them, from the first to `last`; `system` before them where it says anything. */
  messages(system, last) {
    const above = [];
    for (let at = last; at.parent !== null; at = this.node(at.parent)) above.unshift(message(at));
    return system.trim() ? [{ role: "system", content: system }, ...above] : above;
  }

  /** Every message in order of making, parents by their place in the list: what is stored and exported. */
  rows({ measured = true } = {}) {
    const kept = [...this.nodes.values()].filter((node) => node.role);
    const place = new Map([[0, null], ...kept.map((node, i) => [node.id, i])]);
    return kept.map((node) => {
      const { id, parent, children, chosen, ...rest } = node;
      const { logprobs, ...light } = rest;
      return { ...(measured ? rest : light), parent: place.get(parent), shown: this.node(parent).chosen === id };
    });
  }

  /** A dialog of `rows`, or of plain messages (each under the one before). Throws an Error that says what is wrong with them. */
  static of(rows) {
    if (!Array.isArray(rows)) throw new Error("a dialog is a list of messages");
    if (rows.length > MOST_MESSAGES) throw new Error(`a dialog has at most ${MOST_MESSAGES} messages, and this one has ${rows.length}`);
    const dialog = new Dialog();
    const shown = [];
    rows.forEach((row, i) => {
      const above = row?.parent === undefined ? i - 1 : row.parent ?? -1;
      if (!Number.isInteger(above) || above < -1 || above >= i) throw new Error(`message ${i + 1}: its parent is not a message before it`);
      const node = dialog.add(above < 0 ? 0 : above + 1, checked(row, i));
      if (row.shown) shown.push(node);
      if (row.shown === false) dialog.node(node.parent).chosen = null;
    });
    for (const node of shown) dialog.node(node.parent).chosen = node.id;
    return dialog;
  }
}

/** A message as OpenAI writes it. */
function message({ role, content, calls, call }) {
  if (role === "tool") return { role, tool_call_id: call, content };
  if (role !== "assistant" || !calls?.length) return { role, content };
  const made = calls.map(({ id, name, arguments: given }) => ({ id, type: "function", function: { name, arguments: given } }));
  return { role, content: content || null, tool_calls: made };
}

/** What is kept of one message of a file that anyone may have written. */
function checked(row, i) {
  const where = `message ${i + 1}`;
  if (typeof row !== "object" || row === null) throw new Error(`${where} is not an object`);
  if (!ROLES.includes(row.role)) throw new Error(`${where}: its role is not one of ${ROLES.join(", ")}`);
  const kept = { role: row.role, content: text(row.content ?? "", `${where}: content`) };
  if (row.role === "tool") kept.call = text(row.call ?? row.tool_call_id, `${where}: tool_call_id`);
  const calls = row.calls ?? row.tool_calls;
  if (row.role === "assistant" && calls) kept.calls = listed(calls, where).map((call) => checkedCall(call, where));
  if (row.role === "assistant") Object.assign(kept, measures(row, where));
  return kept;
}

function checkedCall(call, where) {
  const given = call?.function ?? call;
  return { id: text(call?.id, `${where}: a call's id`), name: text(given?.name, `${where}: a call's name`), arguments: text(given?.arguments, `${where}: a call's arguments`) };
}

const NUMBERS = ["seed", "tokens", "used", "first", "rate"];

/** What was measured of an answer: numbers, why it ended, log-probabilities, results typed so far. */
function measures(row, where) {
  const kept = {};
  for (const name of NUMBERS) if (Number.isFinite(row[name])) kept[name] = row[name];
  if (typeof row.finish === "string") kept.finish = row.finish;
  if (row.note && typeof row.note.message === "string") kept.note = { kind: String(row.note.kind), message: row.note.message };
  if (row.results && typeof row.results === "object") {
    kept.results = Object.fromEntries(Object.entries(row.results).map(([call, result]) => [call, { text: String(result?.text ?? ""), given: result?.given === true }]));
  }
  if (row.logprobs) kept.logprobs = listed(row.logprobs, where).map((entry) => checkedToken(entry, where));
  return kept;
}

function checkedToken(entry, where) {
  const alternatives = listed(entry?.top_logprobs ?? [], where);
  return { ...token(entry, where), top_logprobs: alternatives.map((other) => token(other, where)) };
}

function token(entry, where) {
  if (!Number.isFinite(entry?.logprob)) throw new Error(`${where}: a token has no log-probability`);
  const bytes = Array.isArray(entry.bytes) ? entry.bytes.filter((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256) : null;
  return { token: text(entry.token, `${where}: a token`), logprob: entry.logprob, bytes };
}

function text(value, what) {
  if (typeof value !== "string") throw new Error(`${what} is not a text`);
  return value;
}

function listed(value, where) {
  if (!Array.isArray(value)) throw new Error(`${where}: calls and log-probabilities are lists`);
  return value;
}
