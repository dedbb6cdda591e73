// An answer as its tokens, each tinted by how likely the model thought it; pointing at one, or reaching it with the arrow keys, shows what else it
// might have said.
//
// A token may end in the middle of a character: its bytes are then shown, and the character with the token that completes it.

import { el, strangers } from "./elements.js";

/** Lower bounds of probability, likeliest first: the classes p0 to p4 of the style sheet, and the legend. */
const LEVELS = [0.9, 0.5, 0.1, 0.01, 0];
const LEGEND = ["≥ 90 %", "≥ 50 %", "≥ 10 %", "≥ 1 %", "less"];

export class Tokens {
  constructor(root, tip) {
    this.tip = tip;
    this.entries = [];
    this.decoder = new TextDecoder();
    this.list = el("div", { class: "tokens", role: "group", "aria-label": "Tokens; the arrow keys go from one to the next" });
    root.append(legend(), this.list);
    for (const kind of ["pointerover", "focusin", "click"]) this.list.addEventListener(kind, (event) => this.reached(event));
    this.list.addEventListener("pointerleave", () => this.tip.hide());
    this.list.addEventListener("focusout", () => this.tip.hide());
    this.list.addEventListener("keydown", (event) => this.move(event));
  }

  push(entries) {
    for (const entry of entries) {
      const level = LEVELS.findIndex((bound) => Math.exp(entry.logprob) >= bound);
      this.list.append(el("span", { class: `token p${level}`, tabindex: this.entries.length ? "-1" : "0" }, this.words(entry)));
      this.entries.push(entry);
    }
  }

  words(entry) {
    const text = entry.bytes ? this.decoder.decode(Uint8Array.from(entry.bytes), { stream: true }) : entry.token;
    return text ? strangers(text) : el("span", { class: "bytes" }, (entry.bytes ?? []).map((byte) => byte.toString(16).padStart(2, "0")).join(" ") || "∅");
  }

  reached({ target, type }) {
    const token = target.closest(".token");
    if (!token) return;
    if (type === "focusin") this.rove(token);
    this.tip.show(token, this.entries[[...this.list.children].indexOf(token)]);
  }

  /** One token at a time can be reached with Tab. */
  rove(token) {
    this.list.querySelector("[tabindex='0']")?.setAttribute("tabindex", "-1");
    token.setAttribute("tabindex", "0");
  }

  move(event) {
    const token = event.target.closest(".token");
    const all = this.list.children;
    const to = { ArrowRight: token?.nextSibling, ArrowLeft: token?.previousSibling, Home: all[0], End: all[all.length - 1] }[event.key];
    if (!to) return;
    event.preventDefault();
    to.focus();
  }
}

function legend() {
  const keys = LEGEND.map((words, level) => el("span", {}, el("i", { class: `key p${level}` }), words));
  return el("p", { class: "legend" }, el("b", {}, "Probability"), keys);
}

/** The one tooltip of the page. */
export class Tip {
  constructor(element) {
    this.element = element;
  }

  show(token, entry) {
    this.hide();
    this.element.replaceChildren(...tipOf(entry));
    this.element.hidden = false;
    token.setAttribute("aria-describedby", this.element.id);
    this.token = token;
    this.place(token.getClientRects()[0] ?? token.getBoundingClientRect());
  }

  /** Under the token where there is room, else above, and never over the window's edge. */
  place(box) {
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = Math.max(8, Math.min(box.left, document.documentElement.clientWidth - width - 8));
    const below = box.bottom + 6;
    const top = below + height < window.innerHeight - 8 ? below : Math.max(8, box.top - height - 6);
    this.element.style.left = `${left}px`;
    this.element.style.top = `${top}px`;
  }

  hide() {
    this.token?.removeAttribute("aria-describedby");
    this.token = null;
    this.element.hidden = true;
  }
}

function tipOf({ token, logprob, top_logprobs: others = [] }) {
  const all = others.some((other) => other.token === token) ? others : [{ token, logprob }, ...others];
  const rows = all.map((other) => row(other, other.token === token));
  return [el("p", {}, `log-probability ${signed(logprob)}`), el("table", {}, el("caption", {}, "What it might have said"), el("tbody", {}, rows))];
}

function row({ token, logprob }, chosen) {
  const share = Math.exp(logprob);
  const bar = el("i", { class: "bar" });
  bar.style.width = `${Math.max(share * 100, 0.5)}%`;
  const words = el("code", {}, strangers(visible(token), { code: true }));
  const name = el("th", { scope: "row" }, words, chosen ? el("span", { class: "unseen" }, " (taken)") : null);
  return el("tr", { class: chosen ? "taken" : null }, name, el("td", { class: "number" }, percent(share)), el("td", { class: "drawn", "aria-hidden": "true" }, bar));
}

const signed = (logprob) => (logprob > -0.0005 ? "0" : `−${(-logprob).toFixed(3)}`);

const percent = (share) => (share >= 0.0005 ? `${(share * 100).toFixed(1)} %` : "< 0.1 %");

/** Space as `␣`, a line's end as `↵`: a token is often nothing else. */
const visible = (token) => token.replaceAll(" ", "␣").replaceAll("\n", "↵").replaceAll("\t", "⇥") || "∅";
