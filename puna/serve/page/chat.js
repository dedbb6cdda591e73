// The chat page of `puna serve`: its state, and what can be done with it.
//
// Every module beside this one knows one thing; here they meet. Nothing is fetched but from this server, and nothing that was typed is lost: what cannot
// be sent stays in its field, what was edited or asked again stays as a branch, and all of it is in the browser's store after a reload.

import { answer, bodyOf } from "./answering.js";
import { info, models } from "./api.js";
import { listen } from "./controls.js";
import { button, counted, el } from "./elements.js";
import { fit, Scrolling } from "./scrolling.js";
import { Settings } from "./settings.js";
import { blank, erase, exported, keep, kept, key, read } from "./store.js";
import { Tip } from "./tokens.js";
import { AnswerView, contextOf, noteOf, WrittenView } from "./views.js";

const at = (id) => document.getElementById(id);
const POINTER = window.matchMedia("(hover: hover)"); // where there is none, a field that has the focus brings up a keyboard over the text
const KEEP_EVERY = 2000; // milliseconds
const LONGEST_SAID = 1000; // characters of an answer that a screen reader is told when it is done

class Chat {
  constructor() {
    this.server = { model: "", context: 0, defaults: {}, needs_key: false, version: "" };
    this.views = [];
    this.stopper = null; // of the answer that is being written
    this.tip = new Tip(at("tip"));
    this.scrolling = new Scrolling(at("latest"));
    this.settings = new Settings(at("settings-form"), { changed: (name) => this.changed(name) });
    const { state, trouble } = kept();
    this.state = state;
    listen(this);
    this.fill();
    if (trouble) this.notice(trouble);
  }

  get busy() {
    return this.stopper !== null;
  }

  // --- the server ---

  async greet() {
    try {
      this.server = await info();
    } catch (error) {
      this.unreached(error);
      return;
    }
    const { model, context, version, defaults } = this.server;
    document.title = `${model} · Puna`;
    at("model").textContent = at("intro-model").textContent = model;
    const facts = [["context", `${counted(context)} tokens`], ["longest answer", defaults.max_tokens ? `${counted(defaults.max_tokens)} tokens` : null], ["Puna", version]];
    at("facts").replaceChildren(...facts.filter(([, told]) => told).map(([name, told]) => el("div", {}, el("dt", {}, name), el("dd", { class: "number" }, told))));
    this.settings.defaults(defaults);
    at("change-key").hidden = !this.server.needs_key;
    if (this.server.needs_key && !key.get()) this.wantKey("");
    this.sync();
  }

  unreached(error) {
    const again = () => {
      at("unanswered").replaceChildren();
      this.greet();
    };
    at("unanswered").replaceChildren(noteOf({ kind: "lost", message: error.message }, again));
  }

  wantKey(message) {
    at("key").hidden = false;
    at("key-wrong").textContent = message;
    at("key-field").focus();
  }

  async useKey() {
    const value = at("key-field").value.trim();
    try {
      await models(value);
    } catch (error) {
      at("key-wrong").textContent = error.message;
      return;
    }
    key.set(value);
    at("key").hidden = true;
    at("key-field").value = "";
    at("draft").focus();
    const leaf = this.state.dialog.leaf();
    if (leaf.note?.kind === "key") this.retry(leaf);
  }

  // --- asking ---

  /** Send the draft. Returns false, and leaves it, where it cannot be sent. */
  send() {
    const text = at("draft").value;
    if (this.busy) return this.notice("The answer is still being written; Esc stops it.");
    if (!text.trim()) return false;
    if (!this.settings.body()) return false;
    this.state.dialog.add(this.under(), { role: "user", content: text });
    at("draft").value = this.state.draft = "";
    fit(at("draft"));
    return this.ask();
  }

  /** What a new message stands under: the last one, or the one above where the last is an answer that never came. */
  under() {
    const leaf = this.state.dialog.leaf();
    return hollow(leaf) ? this.dropped(leaf) : leaf.id;
  }

  dropped(node) {
    this.state.dialog.drop(node);
    return node.parent;
  }

  /** Ask for an answer to what stands last. False where the settings cannot be sent. */
  ask() {
    const settings = this.settings.body();
    const { dialog, system } = this.state;
    if (!settings || this.busy) return false;
    const parent = dialog.leaf();
    const body = bodyOf(this.server.model, dialog.messages(system, parent), settings);
    const node = dialog.add(parent.id, { role: "assistant", content: "", ...(settings.logprobs ? { logprobs: [] } : {}) });
    this.write(node, body);
    return true;
  }

  async write(node, body) {
    this.stopper = new AbortController();
    this.notice("");
    this.sync();
    this.scrolling.end();
    at("said").textContent = "Writing";
    const view = this.views.at(-1);
    const show = (rate) => {
      view.grow();
      if (rate > 0) view.rate(rate);
      this.scrolling.follow();
      this.keepSoon();
    };
    await answer(node, body, { key: key.get(), signal: this.stopper.signal, show });
    this.stopper = null;
    this.ended(node);
  }

  ended(node) {
    if (node.logprobs && !node.logprobs.length) delete node.logprobs;
    if (hollow(node) && node.finish === "stopped") this.state.dialog.drop(node);
    else if (hollow(node)) node.note ??= { kind: "empty", message: "The model ended its answer before the first word." };
    const { kind, param, message } = node.note ?? {};
    if (kind === "refused") this.settings.refused(param, message);
    if (kind === "key") this.wantKey(message);
    this.sync();
    this.scrolling.follow();
    at("said").textContent = node.note ? message : `Answered: ${node.content.slice(0, LONGEST_SAID)}${node.calls ? ` It calls ${node.calls.map((call) => call.name).join(", ")}.` : ""}`;
  }

  stop() {
    this.stopper?.abort();
  }

  /** Ask again for this answer; one that holds nothing makes room, any other stays beside the new one. */
  retry(node) {
    if (this.busy || !this.settings.body()) return;
    const { dialog } = this.state;
    if (hollow(node)) dialog.drop(node);
    dialog.node(node.parent).chosen = null;
    this.ask();
  }

  /** Put `text` in this message's place, on a branch of its own, and ask. */
  edit(node, text) {
    if (this.busy || !text.trim() || !this.settings.body()) return false;
    delete this.state.edits[node.id];
    if (node.role === "tool") this.answerCalls(node, text);
    else this.state.dialog.add(node.parent, { role: "user", content: text });
    return this.ask();
  }

  /** Open the last message for editing; false where there is none. */
  editLast() {
    const last = this.busy ? null : this.views.findLast((view) => view.node.role === "user");
    last?.edit();
    return Boolean(last);
  }

  /** The results of a message's calls anew, on a branch of their own, with `text` for the call of `node`. */
  answerCalls(node, text) {
    const { dialog } = this.state;
    const shown = dialog.path();
    const first = shown.findLastIndex((one, i) => i < shown.indexOf(node) && one.role !== "tool") + 1;
    let parent = shown[first].parent;
    for (let i = first; shown[i]?.role === "tool"; i++) parent = dialog.add(parent, { role: "tool", call: shown[i].call, content: shown[i] === node ? text : shown[i].content }).id;
  }

  /** Take a tool's result; once every call of the message has one, the model goes on. */
  given(node, call, text) {
    if (this.busy || !this.settings.body()) return;
    const results = (node.results ??= {});
    results[call.id] = { text, given: true };
    if (node.calls.every(({ id }) => results[id]?.given)) {
      let parent = node.id;
      for (const { id } of node.calls) parent = this.state.dialog.add(parent, { role: "tool", call: id, content: results[id].text }).id;
      delete node.results;
      at("draft").focus();
      this.ask();
    } else this.sync();
  }

  // --- what is shown ---

  /** Show the chosen path: views that still fit stay as they are. */
  sync() {
    const path = this.state.dialog.path();
    const same = path.findIndex((node, i) => this.views[i]?.node !== node);
    for (const view of this.views.splice(same < 0 ? path.length : same)) view.element.remove();
    for (const node of path.slice(this.views.length)) {
      const view = this.viewOf(node, path);
      this.views.push(view);
      at("log").append(view.element);
    }
    this.refresh(path);
    this.keep();
  }

  viewOf(node, path) {
    if (node.role === "assistant") return new AnswerView(node, this.acts(), this.server.model || "Answer");
    const calls = path.flatMap((other) => other.calls ?? []);
    const name = calls.findLast((call) => call.id === node.call)?.name ?? "a tool";
    return new WrittenView(node, this.acts(), node.role === "tool" ? `Result of ${name}` : "You");
  }

  acts() {
    const { state } = this;
    return {
      tip: this.tip,
      siblings: (node) => state.dialog.siblings(node),
      choose: (node, step) => this.busy || (state.dialog.choose(node, step), this.sync()),
      retry: (node) => this.retry(node),
      edit: (node, text) => this.edit(node, text),
      edited: (node) => state.edits[node.id],
      typing: (node, text) => this.typed(() => { state.edits[node.id] = text; }),
      leave: (node) => this.typed(() => delete state.edits[node.id]),
      given: (node, call, text) => this.given(node, call, text),
      result: (node, call, text) => this.typed(() => { (node.results ??= {})[call.id] = { text, given: false }; }),
    };
  }

  refresh(path) {
    const { busy } = this;
    this.views.forEach((view, i) => {
      const last = i === path.length - 1;
      if (view instanceof AnswerView) view.show(this.state.logprobs);
      view.refresh({ last, busy, live: busy && last });
    });
    document.body.classList.toggle("begun", path.length > 0);
    this.swapButtons(busy);
    for (const id of ["new", "import", "clear"]) at(id).disabled = busy;
    const used = path.findLast((node) => node.used !== undefined)?.used ?? 0;
    at("context").replaceChildren(...contextOf(used, this.server.context));
    const waits = !busy && path.length > 0 && path.at(-1).role !== "assistant";
    at("unanswered").replaceChildren(...(waits ? [el("p", { class: "note" }, "No answer yet. ", button("Ask", () => this.ask()))] : []));
  }

  /** Show Stop in the place of Send, or the other way round; whoever went by keyboard is not left nowhere when a button goes. */
  swapButtons(busy) {
    const { activeElement: active, body } = document;
    const adrift = active === body || active === null || active === at(busy ? "send" : "stop");
    at("send").hidden = busy;
    at("stop").hidden = !busy;
    if (adrift && busy) at("stop").focus();
    else if (adrift && document.body.classList.contains("begun") && POINTER.matches) at("draft").focus();
  }

  /** A line above the message field; `act` is a button's label and what it does. */
  notice(text, act = null) {
    const close = button("×", () => this.notice(""), { "aria-label": "Close" });
    at("notice").replaceChildren(...(text ? [el("span", {}, text), act ? button(act.label, act.click) : null, close].filter(Boolean) : []));
    at("notice").hidden = !text;
    return false;
  }

  // --- what is kept ---

  keep() {
    clearTimeout(this.keeping);
    this.keeping = null;
    const trouble = keep(this.state);
    if (trouble) this.notice(trouble);
  }

  keepSoon() {
    this.keeping ??= setTimeout(() => this.keep(), KEEP_EVERY);
  }

  typed(change) {
    change();
    this.keepSoon();
  }

  changed(name) {
    this.settings.save(this.state);
    if (name === "logprobs") this.sync();
    this.keepSoon();
  }

  fill() {
    this.settings.fill(this.state);
    at("draft").value = this.state.draft;
    fit(at("draft"));
    this.views.splice(0).forEach((view) => view.element.remove());
    this.sync();
    this.scrolling.end();
  }

  /** Put another state in the place of this one, which can be had back until something else is said. */
  replace(state, told) {
    const before = this.state;
    this.state = state;
    this.fill();
    this.notice(told, { label: "Undo", click: () => { this.state = before; this.fill(); this.notice(""); } });
  }

  /** Begin at the top. What was said before stays as a branch of the first message. */
  startAnew() {
    const root = this.state.dialog.node(0);
    const before = root.chosen;
    at("draft").focus();
    if (before === null) return;
    root.chosen = null;
    this.sync();
    const back = () => {
      root.chosen = before;
      this.sync();
      this.notice("");
    };
    this.notice("A new dialog; the one before stays beside it.", { label: "Go back", click: back });
  }

  clear() {
    this.replace(blank(), "Everything is cleared.");
    erase();
  }

  export() {
    const address = URL.createObjectURL(new Blob([exported(this.state, this.server.model)], { type: "application/json" }));
    el("a", { href: address, download: "puna-dialog.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  async import(file) {
    try {
      this.replace({ ...blank(), ...read(await file.text()) }, `Read ${file.name}.`);
    } catch (error) {
      this.notice(`${file.name} was not read: ${error.message}`);
    }
  }

  /** Another tab kept its dialog where this one keeps its own. */
  elsewhere() {
    if (this.busy || document.hasFocus()) return;
    const { state, trouble } = kept();
    if (trouble) return;
    state.draft = this.state.draft;
    this.state = state;
    this.fill();
  }
}

/** Whether an answer holds nothing. */
const hollow = (node) => node.role === "assistant" && !node.content && !node.calls?.length;

new Chat().greet();
