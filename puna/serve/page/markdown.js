// Markdown as models write it, shown while it is still being written.
//
// Text becomes blocks (headings, paragraphs, lists, quotes, code, tables, rules), and each block remembers its source. An answer grows at its end, so
// blocks that can no longer change are settled and never read again; the last ones are parsed anew, and only elements whose source changed are made
// anew. A long answer thus costs what its last block costs. What is shown at the end is the same however the text was cut into pieces.

import { copyButton, el, reorders, strangers } from "./elements.js";
import { inline } from "./inline.js";

const DEEPEST = 8;
const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]|$)/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( {0,12})([-*+]|\d{1,9}[.)])(?:( {1,4})(?=\S)|(?=\s*$)| (?=\s))/;
const RULE = /^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$/;

/** Blocks of Markdown `text`: `{kind, source, from, ...}`, `from` being the first line's number. */
export function parse(text) {
  return blocksOf(text.split("\n"), 0);
}

function blocksOf(lines, depth) {
  const blocks = [];
  for (let at = 0; at < lines.length; ) {
    if (!lines[at].trim()) {
      at++;
      continue;
    }
    const block = blockAt(lines, at, depth);
    blocks.push({ ...block, from: at, source: lines.slice(at, block.to).join("\n") });
    at = block.to;
  }
  return blocks;
}

function blockAt(lines, at, depth) {
  const line = lines[at];
  if (FENCE.test(line)) return codeAt(lines, at);
  if (HEADING.test(line)) return { kind: "heading", to: at + 1, level: HEADING.exec(line)[1].length, text: headingText(line) };
  if (isRule(line)) return { kind: "rule", to: at + 1 };
  if (depth < DEEPEST && QUOTE.test(line)) return quoteAt(lines, at, depth);
  if (depth < DEEPEST && ITEM.test(line)) return listAt(lines, at, depth);
  if (startsTable(lines, at)) return tableAt(lines, at);
  return paragraphAt(lines, at, depth);
}

const isRule = (line) => line.length < 120 && RULE.test(line);

const headingText = (line) => line.trim().replace(/^#+/, "").trim().replace(/(^|\s)#{1,6}$/, "");

const startsBlock = (lines, at) => FENCE.test(lines[at]) || HEADING.test(lines[at]) || isRule(lines[at]) || QUOTE.test(lines[at]) || startsTable(lines, at);

function codeAt(lines, at) {
  const [, fence, about] = FENCE.exec(lines[at]);
  let to = at + 1;
  while (to < lines.length && !closes(lines[to], fence)) to++;
  const language = about.trim().split(/\s/)[0].slice(0, 40);
  return { kind: "code", to: Math.min(to + 1, lines.length), language, text: lines.slice(at + 1, to).join("\n") };
}

function closes(line, fence) {
  const found = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line);
  return found && found[1][0] === fence[0] && found[1].length >= fence.length;
}

function quoteAt(lines, at, depth) {
  let to = at;
  while (to < lines.length && QUOTE.test(lines[to])) to++;
  return { kind: "quote", to, children: blocksOf(lines.slice(at, to).map((line) => line.replace(QUOTE, "")), depth + 1) };
}

/** A list: its items, each with the lines that stand under its text. */
function listAt(lines, at, depth) {
  const [, indent, marker] = ITEM.exec(lines[at]);
  const ordered = /\d/.test(marker);
  const items = [];
  let to = at;
  while (to < lines.length) {
    const found = ITEM.exec(lines[to]);
    if (!found || found[1].length > indent.length + 1 || found[2].at(-1) !== marker.at(-1) || isRule(lines[to])) break;
    const end = itemEnd(lines, to, found);
    items.push(itemOf(lines.slice(to, end), found, depth));
    to = end;
    const next = skipBlank(lines, to);
    if (next < lines.length && ITEM.test(lines[next])) to = next;
  }
  return { kind: "list", to, ordered, start: ordered ? parseInt(marker, 10) : 1, children: items };
}

/** Where an item ends: before the next line that is neither indented under it, nor blank within it, nor its paragraph going on. */
function itemEnd(lines, at, [, indent]) {
  let to = at + 1;
  while (to < lines.length) {
    const next = skipBlank(lines, to);
    if (next === lines.length) break;
    const deeper = lines[next].search(/\S/) > indent.length + 1;
    const goesOn = next === to && !ITEM.test(lines[to]) && !startsBlock(lines, to);
    if (!deeper && !goesOn) break;
    to = next + 1;
  }
  return to;
}

function skipBlank(lines, at) {
  let next = at;
  while (next < lines.length && !lines[next].trim()) next++;
  return next;
}

function itemOf(lines, found, depth) {
  const width = found[0].length;
  const first = lines[0].slice(width).replace(/^\[([ xX])\] /, (_, mark) => (mark === " " ? "☐ " : "☑ "));
  const rest = lines.slice(1).map((line) => line.slice(Math.min(width, Math.max(line.search(/\S/), 0))));
  return { kind: "item", source: lines.join("\n"), children: blocksOf([first, ...rest], depth + 1) };
}

function startsTable(lines, at) {
  const rule = lines[at + 1];
  if (!lines[at].includes("|") || rule === undefined || rule.length > 2000 || !rule.includes("-")) return false;
  const cells = cellsOf(rule);
  return cells.every((cell) => /^:?-+:?$/.test(cell)) && cells.length === cellsOf(lines[at]).length;
}

function tableAt(lines, at) {
  const sides = cellsOf(lines[at + 1]).map((cell) => (cell.endsWith(":") ? (cell.startsWith(":") ? "middle" : "right") : "left"));
  let to = at + 2;
  while (to < lines.length && lines[to].includes("|") && !startsBlock(lines, to)) to++;
  const rows = [lines[at], ...lines.slice(at + 2, to)];
  return { kind: "table", to, children: rows.map((source, i) => ({ kind: "row", source, head: i === 0, sides, cells: cellsOf(source).slice(0, sides.length) })) };
}

/** Cells of a row; a `|` after a backslash belongs to its cell. */
function cellsOf(line) {
  const bare = line.trim().replace(/^\|/, "").replace(/\|$/, "");
  return bare.split(/(?<!\\)\|/).map((cell) => cell.trim());
}

function paragraphAt(lines, at, depth) {
  let to = at + 1;
  while (to < lines.length && lines[to].trim() && !startsBlock(lines, to) && !(depth < DEEPEST && interrupts(lines[to]))) to++;
  return { kind: "paragraph", to, text: lines.slice(at, to).map((line) => line.trim()).join("\n") };
}

/** Whether a line ends the paragraph above it as a list's first item: one that has text, and if it has a number then 1. */
function interrupts(line) {
  const found = ITEM.exec(line);
  return found !== null && found[3] !== undefined && (!/\d/.test(found[2]) || parseInt(found[2], 10) === 1);
}

/** The element that shows a block. */
function show(block) {
  if (block.kind === "code") return showCode(block);
  if (block.kind === "rule") return el("hr");
  if (block.kind === "heading") return el(`h${Math.min(block.level + 2, 6)}`, { dir: "auto" }, inline(block.text));
  if (block.kind === "paragraph") return el("p", { dir: "auto" }, inline(block.text));
  if (block.kind === "row") return showRow(block);
  const made = containerOf(block);
  holder(made).append(...block.children.map(show));
  return made;
}

function containerOf(block) {
  if (block.kind === "quote") return el("blockquote");
  if (block.kind === "item") return el("li", { dir: "auto" });
  if (block.kind === "table") return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "table" }, el("table"));
  return block.ordered ? el("ol", { start: block.start }) : el("ul");
}

/** Where a container's children stand. */
const holder = (element) => (element.tagName === "DIV" ? element.firstChild : element);

function showRow({ cells, sides, head }) {
  const row = sides.map((side, i) => el(head ? "th" : "td", { class: side, dir: "auto", scope: head ? "col" : null }, inline((cells[i] ?? "").replaceAll("\\|", "|"))));
  return el("tr", {}, row);
}

function showCode({ language, text }) {
  const code = el("code", { dir: "ltr" }, strangers(text, { code: true }));
  const bar = el("figcaption", {}, el("span", {}, language || "code"), copyButton(() => made.puna.text));
  const made = el("figure", { class: "code" }, bar, el("pre", { tabindex: "0" }, code));
  made.puna = { text };
  return made;
}

/** Make `parent`, whose children from `first` on show the blocks `before`, show `after`; elements whose source is the same stay. */
function patch(parent, first, before, after) {
  after.forEach((block, i) => {
    const element = parent.childNodes[first + i];
    if (i >= before.length) parent.append(show(block));
    else if (!same(before[i], block)) renew(element, before[i], block);
  });
  for (let extra = before.length - after.length; extra > 0; extra--) parent.lastChild.remove();
}

const same = (one, other) => one.kind === other.kind && one.source === other.source;

function renew(element, before, after) {
  if (before.kind !== after.kind || before.ordered !== after.ordered || before.start !== after.start) element.replaceWith(show(after));
  else if (after.kind === "code") renewCode(element, before, after);
  else if (after.children && after.kind !== "table") patch(element, 0, before.children, after.children);
  else if (after.kind === "table" && String(before.children[0].sides) === String(after.children[0].sides)) patch(holder(element), 0, before.children, after.children);
  else element.replaceWith(show(after));
}

/** Code grows by whole lines without end: what is there stays, what is new is appended. */
function renewCode(element, before, after) {
  const text = element.querySelector("code");
  const added = after.text.slice(before.text.length);
  const grows = before.language === after.language && after.text.startsWith(before.text) && text.childNodes.length === 1;
  if (!grows || reorders(added, { code: true })) return element.replaceWith(show(after));
  text.firstChild.appendData(added);
  element.puna.text = after.text;
  return undefined;
}

/** Markdown that grows: `push` pieces, and `root` shows what has come so far. */
export class Markdown {
  constructor(root) {
    this.root = root;
    this.tail = ""; // the text of blocks that may still change
    this.blocks = []; // what is shown of it
    this.held = ""; // a carriage return that may be half of a line's end
  }

  push(piece) {
    const text = this.held + piece;
    this.held = text.endsWith("\r") ? "\r" : "";
    this.tail += text.slice(0, text.length - this.held.length).replaceAll("\r\n", "\n");
    const blocks = parse(this.tail);
    patch(this.root, this.root.childNodes.length - this.blocks.length, this.blocks, blocks);
    this.settle(blocks);
  }

  /** Forget blocks that no further text can change: those before the last, or before the last but one while what begins the last (up to two lines, for
   * a table) may still turn out to be something else. */
  settle(blocks) {
    const lines = this.tail.split("\n");
    const last = blocks.at(-1);
    const open = last && last.from >= lines.length - 2 ? 2 : 1;
    this.blocks = blocks.slice(-open);
    if (this.blocks.length === blocks.length) return;
    const { from } = this.blocks[0];
    this.tail = lines.slice(from).join("\n");
    this.blocks = this.blocks.map((block) => ({ ...block, from: block.from - from }));
  }
}
