// Markdown within a line: code, emphasis, links. Returns nodes; takes time linear in the text, however hostile.
//
// Delimiters follow CommonMark's rules of flanking and its stack of openers. What CommonMark leaves open is bounded here: openers beyond a depth stay
// letters (a thousand nested spans would overflow the browser's layout), brackets and backticks are paired in one pass before, and addresses are short.
// Pictures become links, because a picture that loads tells its server what the model wrote into the address.

import { el, strangers } from "./elements.js";

const DEEPEST = 20;
const LONGEST_ADDRESS = 2048;
const SPECIAL = /[\\`*_~[!<\n]|\bhttps?:\/\//g;
const ESCAPABLE = /[\\`*_~[\]#<>|!]/;
const BARE_ADDRESS = /https?:\/\/[^\s<>"'`]+/y;
const POINTED = /<((?:https?:\/\/|mailto:)[^\s<>]+)>/y;
const SPACE = /^[\s\u00a0]?$/;
const PUNCTUATION = /[\p{P}\p{S}]/u;

/** Nodes for one run of Markdown text. */
export function inline(text, { linked = false } = {}) {
  return new Line(text, linked).nodes();
}

/** A link, where the address is one that may be followed; else null. Where its words do not name the host, the host stands beside them. */
export function link(address, children) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (!["http:", "https:", "mailto:"].includes(url.protocol) || address.length > LONGEST_ADDRESS) return null;
  const made = el("a", { href: url.href, rel: "noopener noreferrer nofollow", target: "_blank", title: url.href }, children);
  if (url.protocol === "mailto:" || names(made.textContent, url.host)) return made;
  return el("span", {}, made, el("span", { class: "host" }, ` (${url.host})`));
}

/** Whether a link's words are its own address, host first. */
function names(words, host) {
  const bare = words.trim().toLowerCase().replace(/^https?:\/\//, "");
  return bare.startsWith(host) && /^([/?#:]|$)/.test(bare.slice(host.length));
}

class Line {
  constructor(text, linked) {
    this.text = text;
    this.linked = linked;
    this.out = [];
    this.openers = []; // {char, left, node, index}: `node` shows what is left of the run, at `index` of `out`
    this.tail = null; // the words that more words may join
    this.pair();
  }

  nodes() {
    let at = 0;
    while (at < this.text.length) {
      SPECIAL.lastIndex = at;
      const found = SPECIAL.exec(this.text);
      const next = found ? found.index : this.text.length;
      if (next > at) this.say(this.text.slice(at, next));
      at = found ? this.special(next, found[0]) : next;
    }
    return settle(this.out);
  }

  /** Handle what stands at `at` and return where to go on. */
  special(at, what) {
    const { text } = this;
    if (what === "\n") return this.add(el("br"), at + 1);
    if (what === "\\") {
      const escaped = ESCAPABLE.test(text[at + 1] ?? "");
      this.say(escaped ? text[at + 1] : "\\");
      return at + (escaped ? 2 : 1);
    }
    if (what === "`") return this.code(at);
    if ("*_~".includes(what)) return this.delimiters(at, what);
    if (what === "<") return this.address(at, POINTED, 1);
    if (what.length > 1) return this.address(at, BARE_ADDRESS, 0);
    if (what === "[" || (what === "!" && text[at + 1] === "[")) return this.bracket(at, what);
    this.say(what);
    return at + 1;
  }

  say(words) {
    if (this.tail) this.tail.push(words);
    else this.out.push((this.tail = [words]));
  }

  add(node, next) {
    this.out.push(node);
    this.tail = null;
    return next;
  }

  code(at) {
    const end = this.spans.get(at);
    const start = runEnd(this.text, at);
    if (end === undefined) {
      this.say(this.text.slice(at, start));
      return start;
    }
    let inside = this.text.slice(start, end).replaceAll("\n", " ");
    if (inside.startsWith(" ") && inside.endsWith(" ") && inside.trim()) inside = inside.slice(1, -1);
    return this.add(el("code", {}, strangers(inside, { code: true })), end + start - at);
  }

  address(at, pattern, group) {
    pattern.lastIndex = at;
    const found = this.linked ? null : pattern.exec(this.text);
    let address = found ? found[group] : "";
    if (group === 0) address = trimmed(address);
    const made = found && link(address, strangers(address));
    if (!made) {
      this.say(this.text[at]);
      return at + 1;
    }
    return this.add(made, at + (group ? found[0].length : address.length));
  }

  bracket(at, what) {
    const open = what === "!" ? at + 1 : at;
    const close = this.partner.get(open);
    const end = close !== undefined && this.text[close + 1] === "(" ? this.partner.get(close + 1) : undefined;
    if (end !== undefined && end - close < LONGEST_ADDRESS + 64 && !this.linked) {
      const address = /^\s*<?([^\s<>]*)>?(?:\s+["'][^"']*["'])?\s*$/.exec(this.text.slice(close + 2, end))?.[1] ?? "";
      const words = this.text.slice(open + 1, close);
      const made = link(address, what === "!" ? strangers(`picture: ${words || "untitled"}`) : inline(words, { linked: true }));
      if (made) return this.add(made, end + 1);
    }
    this.say(this.text.slice(at, open + 1));
    return open + 1;
  }

  delimiters(at, char) {
    const end = runEnd(this.text, at);
    const count = end - at;
    const [before, after] = [charBefore(this.text, at), charAfter(this.text, end)];
    const left = !SPACE.test(after) && (!PUNCTUATION.test(after) || SPACE.test(before) || PUNCTUATION.test(before));
    const right = !SPACE.test(before) && (!PUNCTUATION.test(before) || SPACE.test(after) || PUNCTUATION.test(after));
    const within = char === "_" && left && right;
    const fits = char === "~" ? count === 2 : count <= 3;
    let rest = count;
    if (right && fits && (!within || PUNCTUATION.test(after))) rest = this.close(char, count);
    if (!rest) return end;
    if (left && fits && this.openers.length < DEEPEST && (!within || PUNCTUATION.test(before))) this.open(char, rest);
    else this.say(char.repeat(rest));
    return end;
  }

  open(char, left) {
    const node = document.createTextNode(char.repeat(left));
    this.openers.push({ char, left, node, index: this.out.length });
    this.add(node, 0);
  }

  /** Close openers of `char` with `count` delimiters and return how many are left over. */
  close(char, count) {
    let left = count;
    for (let i = this.openers.length - 1; i >= 0 && left; i--) {
      const opener = this.openers[i];
      if (opener.char !== char) continue;
      const used = left >= 2 && opener.left >= 2 ? 2 : 1;
      if (char === "~" && used === 1) continue;
      const inside = this.out.splice(opener.index + 1);
      this.add(el(char === "~" ? "del" : used === 2 ? "strong" : "em", {}, settle(inside)), 0);
      opener.left -= used;
      left -= used;
      opener.node.data = char.repeat(opener.left);
      this.openers.length = opener.left ? i + 1 : i; // what opened since then stays letters
      i = this.openers.length;
    }
    return left;
  }

  /** Find, in one pass, the end of each code span and the partner of each bracket outside of code. */
  pair() {
    this.spans = new Map();
    this.partner = new Map();
    const runs = runsOf(this.text);
    const waiting = { "]": [], ")": [] };
    const pattern = /\\[\s\S]|`+|[[\]()]/g;
    for (let found = pattern.exec(this.text); found; found = pattern.exec(this.text)) {
      const [what] = found;
      if (what[0] === "`") {
        const end = closing(runs.get(what.length), found.index);
        if (end !== undefined) this.spans.set(found.index, end);
        if (end !== undefined) pattern.lastIndex = end + what.length;
      } else if (what === "[" || what === "(") waiting[what === "[" ? "]" : ")"].push(found.index);
      else if (what in waiting && waiting[what].length) this.partner.set(waiting[what].pop(), found.index);
    }
  }
}

/** Where runs of backticks begin, by their length. */
function runsOf(text) {
  const runs = new Map();
  for (const run of text.matchAll(/`+/g)) {
    if (!runs.has(run[0].length)) runs.set(run[0].length, { places: [], next: 0 });
    runs.get(run[0].length).places.push(run.index);
  }
  return runs;
}

/** The next run of the same length after `at`; asked for rising places only, so all questions together take one pass. */
function closing(runs, at) {
  while (runs && runs.places[runs.next] <= at) runs.next++;
  return runs?.places[runs.next];
}

/** Words (arrays of strings that were said one after another) become text; nodes stay. */
const settle = (items) => items.flatMap((item) => (Array.isArray(item) ? strangers(item.join("")) : [item]));

function runEnd(text, at) {
  let end = at;
  while (text[end] === text[at]) end++;
  return end;
}

/** An address in running text, without what belongs to the sentence: a full stop, a closing bracket that it did not open. */
function trimmed(address) {
  let end = Math.min(address.length, LONGEST_ADDRESS);
  while (/[.,;:!?*_~)\]}]/.test(address[end - 1] ?? "") && !(address[end - 1] === ")" && address.slice(0, end).includes("("))) end--;
  return address.slice(0, end);
}

const charBefore = (text, at) => (at > 1 && /[\udc00-\udfff]/.test(text[at - 1]) ? text.slice(at - 2, at) : text[at - 1] ?? "");
const charAfter = (text, at) => (at < text.length ? String.fromCodePoint(text.codePointAt(at)) : "");
