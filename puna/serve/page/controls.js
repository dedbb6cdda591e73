// Keys, buttons and the panel of settings: which event does what. What it does is the chat's (chat.js).

import { submitOnEnter } from "./calls.js";
import { fit } from "./scrolling.js";
import { EXAMPLE_TOOLS } from "./settings.js";

const at = (id) => document.getElementById(id);

/** Tie the page's controls to `chat`. */
export function listen(chat) {
  buttons(chat);
  forms(chat);
  draft(chat);
  at("settings-form").addEventListener("reveal", () => panel(true));
  at("import-file").addEventListener("change", ({ target }) => {
    if (target.files[0]) chat.import(target.files[0]);
    target.value = "";
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && escape(chat));
  window.addEventListener("pagehide", () => chat.keep());
  window.addEventListener("storage", () => chat.elsewhere());
}

function buttons(chat) {
  const acts = {
    stop: () => chat.stop(),
    new: () => chat.startAnew(),
    clear: () => chat.clear(),
    export: () => chat.export(),
    import: () => at("import-file").click(),
    "change-key": () => chat.wantKey(""),
    "example-tools": () => example(chat),
    "open-settings": () => panel(at("settings").hidden),
    "close-settings": () => panel(false),
  };
  for (const [id, act] of Object.entries(acts)) at(id).addEventListener("click", act);
}

function forms(chat) {
  const acts = { composer: () => chat.send(), "key-form": () => chat.useKey(), "settings-form": () => {} };
  for (const [id, act] of Object.entries(acts)) {
    at(id).addEventListener("submit", (event) => {
      event.preventDefault();
      act();
    });
  }
}

function draft(chat) {
  const field = at("draft");
  field.addEventListener("input", () => {
    chat.state.draft = field.value;
    chat.keepSoon();
    fit(field);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowUp" && !field.value && chat.editLast()) event.preventDefault();
    else submitOnEnter(event, () => chat.send());
  });
}

/** Escape stops an answer; else it hides the tooltip; else it leaves the settings. */
function escape(chat) {
  if (chat.busy) chat.stop();
  else if (!at("tip").hidden) chat.tip.hide();
  else if (at("settings").contains(document.activeElement)) panel(false);
}

function panel(open) {
  at("settings").hidden = !open;
  document.body.classList.toggle("with-settings", open);
  at("open-settings").setAttribute("aria-expanded", String(open));
  at(open ? "close-settings" : "open-settings").focus();
}

function example(chat) {
  const field = at("set-tools");
  if (!field.value.trim()) field.value = EXAMPLE_TOOLS;
  chat.changed("tools");
  field.focus();
}
