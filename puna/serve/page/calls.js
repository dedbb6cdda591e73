// Tool calls: shown as the model writes them, arguments byte for byte, with a form under each for what the tool answered.
//
// The page runs no tool. Whoever sits before it does, or makes an answer up, and the model goes on once every call of its message has a result.

import { button, el, reorders, strangers } from "./elements.js";

/** The calls of one assistant message. `given(call, text)` is told of a result, `typed(call, text)` of each letter of one. */
export class Calls {
  constructor(root, { given, typed }) {
    Object.assign(this, { root, given, typed });
    this.cards = [];
  }

  /** Show `calls` as far as they have come. */
  update(calls) {
    calls.forEach((call, i) => {
      const card = this.cards[i] ?? this.card();
      if (card.name.textContent !== call.name) card.name.replaceChildren(...strangers(call.name, { code: true }));
      if (card.shown !== call.arguments) grow(card, call.arguments);
    });
  }

  card() {
    const card = { name: el("code"), given: el("code"), below: el("div"), shown: "" };
    const head = el("p", { class: "head" }, el("span", {}, "calls "), card.name);
    this.root.append(el("section", { class: "call", "aria-label": "Tool call" }, head, el("pre", { tabindex: "0", dir: "ltr" }, card.given), card.below));
    this.cards.push(card);
    return card;
  }

  /** Show the forms for results, or, where `open` is false, only the results that were given. */
  results(calls, results, open) {
    calls.forEach((call, i) => {
      const { below } = this.cards[i];
      const result = results[call.id] ?? { text: "", given: false };
      if (!open) below.replaceChildren();
      else if (result.given) below.replaceChildren(el("p", { class: "hint" }, "Result given; the model waits for the others."), el("pre", {}, strangers(result.text, { code: true })));
      else if (!below.querySelector("form")) below.replaceChildren(this.form(call, result.text));
    });
  }

  form(call, before) {
    const id = `result-${Math.random().toString(36).slice(2)}`;
    const field = el("textarea", { id, rows: "2", placeholder: "What the tool answered; Enter gives it to the model", spellcheck: "false", input: () => this.typed(call, field.value), keydown: (event) => submitOnEnter(event, give) });
    const give = () => this.given(call, field.value);
    field.value = before;
    return el("form", { submit: (event) => { event.preventDefault(); give(); } }, el("label", { for: id }, `Result of ${call.name}`), field, button("Give result", give, { class: "solid" }));
  }
}

/** Enter submits, Shift+Enter begins a line; Enter that ends the choice of a character (an input method's) does neither. */
export function submitOnEnter(event, submit) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
}

/** Arguments grow at their end: append where what is there stays, and nothing of it is a mark. */
function grow(card, text) {
  const added = text.slice(card.shown.length);
  const only = card.given.childNodes.length === 1 && card.given.firstChild.nodeType === Node.TEXT_NODE;
  if (only && text.startsWith(card.shown) && !reorders(added, { code: true })) card.given.firstChild.appendData(added);
  else card.given.replaceChildren(...strangers(text, { code: true }));
  card.shown = text;
}

/** Take a chunk's pieces of calls into `calls`: `{id, name, arguments}` each. */
export function gather(calls, pieces) {
  for (const { index = 0, id, function: said = {} } of pieces) {
    const call = (calls[index] ??= { id: "", name: "", arguments: "" });
    if (id) call.id = id;
    if (said.name) call.name += said.name;
    if (said.arguments) call.arguments += said.arguments;
  }
}
