// Settings of sampling: what is left empty is the server's to choose, and the server's word on a value is shown under its field.
//
// The page checks no ranges of its own: they would drift from the server's. It only refuses what cannot be sent, such as letters for a number.

import { el } from "./elements.js";

const FIELDS = [
  { name: "temperature", label: "Temperature", hint: "0 takes the likeliest" },
  { name: "top_p", label: "Top-p", hint: "likeliest up to this sum" },
  { name: "top_k", label: "Top-k", hint: "only the k likeliest", whole: true },
  { name: "min_p", label: "Min-p", hint: "share of the likeliest" },
  { name: "max_tokens", label: "Max tokens", hint: "the longest answer", whole: true },
  { name: "seed", label: "Seed", hint: "repeats an answer", whole: true, empty: "drawn anew" },
];
const ALSO = { max_completion_tokens: "max_tokens", top_logprobs: "logprobs", tool_choice: "tools", parallel_tool_calls: "tools" };
const ALTERNATIVES = 5;

export class Settings {
  constructor(form, { changed }) {
    this.form = form;
    this.changed = changed;
    this.fields = new Map();
    const grid = form.querySelector(".fields");
    for (const about of FIELDS) grid.append(this.field(about));
    for (const name of ["stop", "system", "tools", "choice", "logprobs"]) this.adopt(name);
  }

  field({ name, label, hint }) {
    const input = el("input", { id: `set-${name}`, inputmode: "decimal", autocomplete: "off", "aria-describedby": `about-${name} wrong-${name}`, input: () => this.typed(name) });
    this.fields.set(name, input);
    const about = el("p", { id: `about-${name}`, class: "hint" }, hint);
    return el("div", { class: "field" }, el("label", { for: input.id }, label), input, about, el("p", { id: `wrong-${name}`, class: "wrong" }));
  }

  adopt(name) {
    const input = this.form.querySelector(`#set-${name}`);
    input.addEventListener(input.matches("select, [type=checkbox]") ? "change" : "input", () => this.typed(name));
    this.fields.set(name, input);
  }

  typed(name) {
    this.wrong(name, "");
    this.changed(name);
  }

  /** Show what each empty field stands for. */
  defaults(given) {
    for (const { name, empty } of FIELDS) {
      const value = given[name];
      this.fields.get(name).placeholder = empty ?? (value === null || value === undefined ? "off" : String(value));
    }
  }

  fill(state) {
    for (const { name } of FIELDS) this.fields.get(name).value = state.settings[name] ?? "";
    for (const [name, value] of [["stop", state.settings.stop ?? ""], ["system", state.system], ["tools", state.tools], ["choice", state.choice]]) this.fields.get(name).value = value;
    this.fields.get("logprobs").checked = state.logprobs;
    for (const name of this.fields.keys()) this.wrong(name, "");
  }

  /** Write what the fields hold into `state`. */
  save(state) {
    for (const name of [...FIELDS.map((field) => field.name), "stop"]) state.settings[name] = this.fields.get(name).value;
    for (const name of ["system", "tools", "choice"]) state[name] = this.fields.get(name).value;
    state.logprobs = this.fields.get("logprobs").checked;
  }

  /** The request's fields that the user set, or null where something cannot be sent (shown in place). */
  body() {
    const body = {};
    const wrong = [];
    for (const { name, label, whole } of FIELDS) {
      const given = this.fields.get(name).value.trim().replace(",", ".");
      if (!given) continue;
      body[name] = Number(given);
      if (!Number.isFinite(body[name]) || (whole && !Number.isSafeInteger(body[name]))) wrong.push([name, `${label} is a ${whole ? "whole " : ""}number.`]);
    }
    const stop = this.stops();
    if (stop.length) body.stop = stop;
    if (this.fields.get("logprobs").checked) Object.assign(body, { logprobs: true, top_logprobs: ALTERNATIVES });
    const tools = readTools(this.fields.get("tools").value);
    if (tools.wrong) wrong.push(["tools", tools.wrong]);
    if (tools.list.length) body.tools = tools.list;
    if (tools.list.length && this.fields.get("choice").value !== "auto") body.tool_choice = this.fields.get("choice").value;
    for (const [name, message] of wrong) this.wrong(name, message);
    if (wrong.length) this.show(wrong[0][0]);
    return wrong.length ? null : body;
  }

  stops() {
    const lines = this.fields.get("stop").value.split("\n").filter(Boolean);
    return lines.map((line) => line.replace(/\\([nt\\])/g, (_, letter) => ({ n: "\n", t: "\t", "\\": "\\" })[letter]));
  }

  /** Show `message` under the field that the server calls `param`; false where there is none. */
  refused(param, message) {
    const first = (param ?? "").split(/[.[]/)[0];
    const name = ALSO[first] ?? first;
    if (!this.fields.has(name)) return false;
    this.wrong(name, message);
    this.show(name);
    return true;
  }

  wrong(name, message) {
    this.fields.get(name).toggleAttribute("aria-invalid", Boolean(message));
    if (message) this.fields.get(name).setAttribute("aria-invalid", "true");
    this.form.querySelector(`#wrong-${name}`).textContent = message;
  }

  /** Open what hides the field and go there. */
  show(name) {
    const field = this.fields.get(name);
    this.form.dispatchEvent(new CustomEvent("reveal"));
    for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    field.focus();
  }
}

/** Tool definitions in `text`: the list, or what is wrong with it. */
export function readTools(text) {
  if (!text.trim()) return { list: [] };
  let given;
  try {
    given = JSON.parse(text);
  } catch (error) {
    return { list: [], wrong: `This is not JSON: ${error.message}` };
  }
  const list = Array.isArray(given) ? given : [given];
  const nameless = list.findIndex((tool) => typeof tool?.function?.name !== "string");
  if (nameless >= 0) return { list: [], wrong: `Tool ${nameless + 1} has no function.name. A tool is {"type": "function", "function": {"name": …, "description": …, "parameters": …}}.` };
  return { list };
}

export const EXAMPLE_TOOLS = JSON.stringify(
  [
    {
      type: "function",
      function: {
        name: "weather",
        description: "The weather at a place now",
        parameters: { type: "object", properties: { place: { type: "string", description: "a town" } }, required: ["place"] },
      },
    },
  ],
  null,
  2,
);
