// One answer, from the request to its last token: what comes is gathered into the message, and shown no oftener than showing it costs.

import { completion, Failure } from "./api.js";
import { gather } from "./calls.js";

const MOST_SEED = 2 ** 31;
const SHORTEST = 20; // milliseconds of which a speed can be told

/** The request's body. A seed that nobody set is drawn here, so that the answer can be had again from what stands under it. */
export function bodyOf(model, messages, settings) {
  const seed = settings.seed ?? Math.floor(Math.random() * MOST_SEED);
  return { model, messages, ...settings, seed, stream: true, stream_options: { include_usage: true } };
}

/**
 * Ask, and fill `node` as the answer comes; `show(rate)` is called when there is more to see (tokens per second so far).
 * What goes wrong stands in `node.note` at the end: an answer that breaks off keeps what came.
 */
export async function answer(node, body, { key, signal, show }) {
  const clock = { asked: performance.now(), first: null, last: null, pieces: 0 };
  const painter = new Painter(() => show(rateOf(clock, clock.pieces)));
  node.seed = body.seed;
  try {
    for await (const chunk of completion(body, { key, signal })) take(node, chunk, clock) && painter.soon();
  } catch (error) {
    if (signal.aborted) node.finish = "stopped";
    else node.note = noteFrom(error);
  }
  painter.now();
  measure(node, clock);
}

/** Take a chunk into the message; returns whether there is more to see. */
function take(node, { choices = [], usage }, clock) {
  if (usage) Object.assign(node, { tokens: usage.completion_tokens, used: usage.total_tokens });
  const [choice] = choices;
  if (!choice) return false;
  const { content, tool_calls: calls } = choice.delta ?? {};
  const scored = choice.logprobs?.content ?? [];
  if (content) node.content += content;
  if (calls?.length) gather((node.calls ??= []), calls);
  if (scored.length) (node.logprobs ??= []).push(...scored);
  if (choice.finish_reason) node.finish = choice.finish_reason;
  if (!content && !calls?.length && !scored.length) return false;
  clock.last = performance.now();
  clock.first ??= clock.last;
  clock.pieces += scored.length || 1;
  return true;
}

function measure(node, clock) {
  if (clock.first === null) return;
  node.first = (clock.first - clock.asked) / 1000;
  const rate = rateOf(clock, node.tokens ?? clock.pieces);
  if (rate > 0) node.rate = rate;
}

/** Tokens per second after the first token, which waited for the prompt; 0 where they came too close together to tell. */
const rateOf = ({ first, last }, tokens) => (last - first > SHORTEST ? ((tokens - 1) * 1000) / (last - first) : 0);

function noteFrom(error) {
  if (!(error instanceof Failure)) return { kind: "server", message: `The page could not read the answer: ${error.message}` };
  const { kind, message, param, wait } = error;
  return { kind, message, param, ...(wait === null ? {} : { until: Date.now() + wait * 1000 }) };
}

/** Runs `paint` soon, and so seldom that it takes at most a fifth of the time. */
class Painter {
  constructor(paint) {
    this.paint = paint;
    this.cost = 4;
    this.timer = null;
  }

  soon() {
    this.timer ??= setTimeout(() => this.now(), Math.max(16, 4 * this.cost));
  }

  now() {
    clearTimeout(this.timer);
    this.timer = null;
    const start = performance.now();
    this.paint();
    this.cost = performance.now() - start;
  }
}
