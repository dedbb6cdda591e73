// Talking to the server: OpenAI's chat completions as server-sent events, and what can go wrong on the way.
//
// Addresses are relative to the page, so that the page works behind a proxy that serves it under a path.

/** What went wrong: `kind` is "key", "busy", "refused", "server" or "lost"; `param` names the field that was refused, `wait` seconds to wait. */
export class Failure extends Error {
  constructor(kind, message, { param = null, wait = null } = {}) {
    super(message);
    Object.assign(this, { kind, param, wait });
  }
}

/** `{model, context, defaults, needs_key, version}` of this server. */
export const info = () => fetched("page/info.json", {}).then((response) => response.json());

/** Names of the models that the server serves; fails with kind "key" where the key is not right. */
export async function models(key) {
  const answer = await (await fetched("v1/models", { headers: keyed(key) })).json();
  return answer.data.map((model) => model.id);
}

/** The chunks of an answer, as they come. An answer that breaks off before its end fails with kind "lost". */
export async function* completion(body, { key, signal }) {
  const headers = { "Content-Type": "application/json", Accept: "text/event-stream", ...keyed(key) };
  const response = await fetched("v1/chat/completions", { method: "POST", headers, body: JSON.stringify(body), signal });
  for await (const data of events(response.body)) {
    if (data === "[DONE]") return;
    const chunk = parsed(data);
    if (chunk.error) throw new Failure("server", chunk.error.message ?? "The server stopped with an error.");
    yield chunk;
  }
  throw new Failure("lost", "The connection ended before the answer did.");
}

const keyed = (key) => (key ? { Authorization: `Bearer ${key}` } : {});

function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    throw new Failure("server", `The server sent a line that is not JSON: ${data.slice(0, 80)}`);
  }
}

async function fetched(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", credentials: "same-origin", ...options });
  } catch (error) {
    throw lost(error);
  }
  if (!response.ok) throw await failure(response);
  return response;
}

/** The data of each server-sent event. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    let piece;
    try {
      piece = await reader.read();
    } catch (error) {
      throw lost(error);
    }
    if (piece.done) return;
    const lines = (text + piece.value).split(/\r?\n/);
    text = lines.pop();
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trim();
  }
}

const lost = (error) => (error.name === "AbortError" ? error : new Failure("lost", "The connection to the server was lost."));

const KINDS = { 401: "key", 403: "key", 429: "busy", 503: "busy" };

async function failure(response) {
  const text = await response.text().catch(() => "");
  const error = errorIn(text);
  const kind = KINDS[response.status] ?? (response.status < 500 ? "refused" : "server");
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const message = error.message ?? `The server answered with status ${response.status}.`;
  return new Failure(kind, message, { param: error.param ?? null, wait: Number.isFinite(wait) ? wait : null });
}

function errorIn(text) {
  try {
    const { error } = JSON.parse(text);
    return typeof error === "string" ? { message: error } : error ?? {};
  } catch {
    return {};
  }
}
