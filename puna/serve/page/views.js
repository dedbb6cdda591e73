// How each message looks: what was said, what was measured, and what can be done with it.
//
// An answer shows itself as Markdown or, where log-probabilities are switched on and it has them, as tokens. Both only ever grow at their end.

import { Calls, submitOnEnter } from "./calls.js";
import { button, copyButton, counted, el, plural, strangers } from "./elements.js";
import { Markdown } from "./markdown.js";
import { Tokens } from "./tokens.js";

const ENDS = { length: "cut at the most tokens", stopped: "stopped" };

class View {
  constructor(node, acts, { kind, title }) {
    Object.assign(this, { node, acts });
    this.body = el("div", { class: "body" });
    this.extra = el("div");
    this.stats = el("span", { class: "stats" });
    this.buttons = el("span", { class: "buttons" });
    this.foot = el("div", { class: "foot" }, this.stats, this.buttons);
    this.element = el("article", { class: `message ${kind}` }, el("h2", {}, strangers(title)), this.body, this.extra, this.foot);
  }

  /** Buttons to go to the messages that stand in this one's place. */
  variants() {
    const all = this.acts.siblings(this.node);
    if (all.length < 2) return [];
    const at = all.indexOf(this.node.id);
    const step = (by, sign, label) => button(sign, () => this.acts.choose(this.node, by), { "aria-label": label, disabled: !(at + by in all) });
    return [step(-1, "‹", "The one before"), el("span", { class: "number" }, `${at + 1} of ${all.length}`), step(1, "›", "The one after")];
  }
}

/** What a person wrote: a message, or what a tool answered. Both can be edited, and then the model answers anew. */
export class WrittenView extends View {
  constructor(node, acts, title) {
    super(node, acts, { kind: node.role, title });
    this.show();
  }

  show() {
    const words = el(this.node.role === "tool" ? "pre" : "p", { class: "written", dir: "auto" }, strangers(this.node.content));
    this.body.replaceChildren(words);
    this.foot.hidden = false;
  }

  refresh({ busy }) {
    this.buttons.replaceChildren(...this.variants(), copyButton(() => this.node.content), button("Edit", () => this.edit(), { disabled: busy }));
    if (this.acts.edited(this.node) !== undefined && !this.field) this.edit({ focus: false });
  }

  edit({ focus = true } = {}) {
    const done = () => this.finish(() => this.acts.edit(this.node, this.field.value));
    const left = () => this.finish(() => this.acts.leave(this.node));
    const keys = (event) => (event.key === "Escape" && this.field.value === this.node.content ? left() : submitOnEnter(event, done));
    this.field = el("textarea", { "aria-label": "Edit", rows: "3", keydown: keys, input: () => this.acts.typing(this.node, this.field.value) });
    this.field.value = this.acts.edited(this.node) ?? this.node.content;
    this.body.replaceChildren(this.field, el("p", { class: "row" }, button("Ask", done, { class: "solid" }), button("Cancel", left)));
    this.foot.hidden = true;
    if (focus) this.field.focus();
  }

  /** Leave the field, unless what is to be done with its text was refused (then it stays, text and all). */
  finish(act) {
    if (act() === false) return;
    this.field = null;
    this.show();
  }
}

export class AnswerView extends View {
  constructor(node, acts, title) {
    super(node, acts, { kind: "answer", title });
    this.cards = el("div", { class: "calls" });
    this.note = el("div");
    this.extra.append(this.cards, this.note);
    this.calls = new Calls(this.cards, { given: (call, text) => acts.given(node, call, text), typed: (call, text) => acts.result(node, call, text) });
    this.shown = null;
  }

  /** Show everything that the message holds, as tokens or as Markdown. */
  show(asTokens) {
    const way = asTokens && this.node.logprobs ? "tokens" : "markdown";
    if (way !== this.shown) {
      this.shown = way;
      this.body.replaceChildren();
      this.body.className = `body ${way}-body`;
      this.grower = way === "tokens" ? new Tokens(this.body, this.acts.tip) : new Markdown(this.body);
      this.length = 0;
    }
    this.grow();
  }

  /** Append what came since the last time. */
  grow() {
    const all = this.shown === "tokens" ? this.node.logprobs : this.node.content;
    if (all.length > this.length) this.grower.push(all.slice(this.length));
    this.length = all.length;
    if (this.node.calls) this.calls.update(this.node.calls);
  }

  refresh({ last, busy, live }) {
    this.element.classList.toggle("live", live);
    this.element.setAttribute("aria-busy", String(live));
    if (this.node.calls && !live) this.calls.results(this.node.calls, this.node.results ?? {}, last);
    this.note.replaceChildren(...(this.node.note && !live ? [noteOf(this.node.note, last && !busy ? () => this.acts.retry(this.node) : null)] : []));
    this.stats.replaceChildren(...(live ? ["writing"] : statsOf(this.node)));
    const again = last && !this.node.note ? [button("Retry", () => this.acts.retry(this.node), { disabled: busy })] : [];
    const copying = this.node.content ? [copyButton(() => this.node.content)] : [];
    this.buttons.replaceChildren(...(live ? [] : [...this.variants(), ...copying, ...again]));
  }

  rate(tokensPerSecond) {
    this.stats.textContent = `writing, about ${speed(tokensPerSecond)}`;
  }
}

const speed = (rate) => `${rate < 100 ? rate.toFixed(1) : counted(Math.round(rate))} tokens/s`;

function statsOf({ tokens, rate, first, seed, finish, note }) {
  if (note && first === undefined) return [];
  const told = [];
  if (ENDS[finish]) told.push(ENDS[finish]);
  if (tokens !== undefined) told.push(plural(tokens, "token"));
  if (rate !== undefined) told.push(speed(rate));
  if (first !== undefined) told.push(`first after ${first.toFixed(2)} s`);
  if (seed !== undefined) told.push(`seed ${seed}`);
  return told.flatMap((words, i) => [i ? " · " : "", el("span", {}, words)]);
}

const TITLES = { busy: "The server is busy", key: "The key was not accepted", refused: "The server refused", server: "The server failed", lost: "Connection lost", empty: "An empty answer" };

/** A note of what went wrong, with a way to try again; where the server said how long to wait, the seconds run down. */
export function noteOf({ kind, message, until }, retry) {
  const wait = el("span", { class: "number" });
  const made = el("div", { class: "note" }, el("p", {}, el("b", {}, TITLES[kind] ?? "Not sent"), " ", strangers(message), " ", wait), retry ? button("Try again", retry) : null);
  if (until) countDown(wait, until);
  return made;
}

function countDown(element, until) {
  const left = Math.ceil((until - Date.now()) / 1000);
  element.textContent = left > 0 ? `It asks to wait ${plural(left, "second")}.` : "It may have room now.";
  if (left > 0) setTimeout(() => element.isConnected && countDown(element, until), 500);
}

/** How much of the context is used. */
export function contextOf(used, context) {
  if (!context) return [];
  const bar = el("progress", { max: context, value: Math.min(used, context), "aria-hidden": "true" });
  return [bar, ` ${counted(used)} of ${counted(context)} tokens`];
}
