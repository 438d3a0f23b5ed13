// SPDX-License-Identifier: MIT
// The inbox: faces in clusters; somebody says who they are.

import { get, image, post, upload } from "/ui/api.js";
import { $, complain, count, fileName, h, percent, say, sure, timeElement } from "/ui/dom.js";

const k_look_every = 4000;

const cards = new Map(); // by the cluster's id
const done = []; // what was decided here: {first, last, text}
let list;
let summary;
let nobody;
let rest;
let timer;

const card = () => document.activeElement?.closest?.(".cluster");
const allCards = () => [...document.querySelectorAll(".cluster")];

/** Focuses a neighbour of a card, or the first one. */
function move(step) {
  const all = allCards();
  const at = all.indexOf(card());
  const to = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
  to?.focus();
  to?.scrollIntoView({ block: "nearest" });
}

function noteDone(first, last, text) {
  done.push({ first, last, text });
  showUndo();
}

function showUndo() {
  const last = done.at(-1);
  $("undo").disabled = !last;
  $("undo").setAttribute("aria-label", last ? `Undo: ${last.text}` : "Undo: nothing to undo");
  $("undo").title = last ? `Undo: ${last.text}` : "";
}

export async function undo() {
  const what = done.at(-1);
  if (!what) return say("There is nothing to undo here.");
  const { change } = await post("/v1/undo", { change: what.first, last: what.last });
  done.pop();
  // What was taken back lies between; going further back passes over it.
  if (done.length > 0) done.at(-1).last = change;
  showUndo();
  say(`Undone: ${what.text}`);
  if (list?.isConnected) await refresh();
}

/** decision: confirm, deny, not-a-face */
async function decide(element, decision, label, force = false) {
  const { cluster } = element;
  const chosen = cluster.faces.filter((face) => element.querySelector(`[data-face="${face.id}"]`).ariaPressed === "true");
  if (chosen.length === 0) return complain("No face is selected.");
  const whole = chosen.length === cluster.faces.length;
  const places = whole ? [`/v1/clusters/${cluster.id}`] : chosen.map((face) => `/v1/pending/${face.id}`);
  const body = decision === "not-a-face" ? {} : decision === "deny" ? { label } : { label, force };
  const faces = count(chosen.length, "face");
  const text = {
    confirm: `${faces} confirmed as ${label}`,
    deny: `${faces}: not ${label}`,
    "not-a-face": chosen.length === 1 ? "1 face: not a face" : `${faces}: not faces`,
  }[decision];
  element.setAttribute("aria-busy", "true");
  let first = null;
  let last = null;
  try {
    for (const place of places) {
      const { change } = await post(`${place}/${decision}`, body);
      first ??= change;
      last = change ?? last;
    }
  } catch (refusal) {
    if (first !== null) noteDone(first, last, text);
    if (refusal.code === "looks_like" && !force) {
      const question = `This looks like ${refusal.data.looks_like}. Is it really ${label}?`;
      if (await sure(question, `Yes, it is ${label}`)) return decide(element, decision, label, true);
      return element.focus();
    }
    if (refusal.code === "not_waiting") await refresh();
    throw refusal;
  } finally {
    element.removeAttribute("aria-busy");
  }
  // The focus goes to the card that takes this one's place.
  const all = allCards();
  const neighbour = all[all.indexOf(element) + 1] ?? all[all.indexOf(element) - 1];
  if (first !== null) noteDone(first, last, text);
  say(`${text[0].toUpperCase()}${text.slice(1)}.`);
  await refresh();
  if (!element.isConnected) (neighbour?.isConnected ? neighbour : allCards()[0] ?? summary).focus();
  else element.focus();
}

const guarded = (work) => (event) => {
  event?.preventDefault?.();
  return Promise.resolve(work()).catch((problem) => complain(problem.message));
};

let asked = 0;

/** Known names for what is typed so far. */
async function complete(input) {
  const mine = ++asked;
  const { people } = await get(`/v1/people?limit=8&q=${encodeURIComponent(input.value.trim())}`);
  if (mine === asked) $("names").replaceChildren(...people.map(({ label }) => h("option", { value: label })));
}

/** One key confirms only what predict would say, too. */
const isLikely = (suggestion) => suggestion?.verdict === "known";

function describe(cluster) {
  const { suggestion, faces } = cluster;
  const sure = isLikely(suggestion);
  return [
    h("span", { class: sure ? "badge known" : "badge" }, sure ? "Looks like" : "Unknown"),
    sure ? h("b", {}, suggestion.label) : null,
    sure ? h("span", { class: "quiet-text" }, percent(suggestion.confidence)) : null,
    !sure && suggestion ? h("span", { class: "quiet-text" }, `nearest: ${suggestion.label}, ${percent(suggestion.confidence)}`) : null,
    faces.length > 1 ? h("span", { class: "quiet-text" }, count(faces.length, "face")) : null,
  ].filter((part) => part !== null);
}

function makeCard(cluster) {
  const { suggestion, faces, id } = cluster;
  const input = h("input", {
    id: `name-${id}`,
    list: "names",
    autocomplete: "off",
    autocapitalize: "words",
    spellcheck: "false",
    enterkeyhint: "done",
    maxlength: 200,
    placeholder: "Name",
  });
  let wait;
  input.addEventListener("input", () => {
    clearTimeout(wait);
    wait = setTimeout(() => complete(input).catch(() => {}), 120);
  });
  input.addEventListener("focus", () => complete(input).catch(() => {}), { once: true });
  const element = h(
    "li",
    { class: "cluster", tabindex: 0, "aria-labelledby": `about-${id}` },
    h(
      "div",
      { class: "faces", role: "group", "aria-label": faces.length > 1 ? "Faces; press to leave one out" : "Face" },
      faces.map((face) =>
        h(
          "button",
          {
            type: "button",
            class: "face",
            "data-face": face.id,
            "aria-pressed": "true",
            disabled: faces.length === 1,
            title: fileName(face.photo),
            onclick: (event) => {
              const button = event.currentTarget;
              button.setAttribute("aria-pressed", button.ariaPressed === "true" ? "false" : "true");
            },
          },
          image(`/v1/pending/${face.id}/thumbnail`, `Face in ${fileName(face.photo)}`),
        ),
      ),
    ),
    h(
      "div",
      { class: "about" },
      h("p", { class: "who", id: `about-${id}` }, describe(cluster)),
      h("p", { class: "quiet-text where" }, fileName(faces[0].photo), " · ", timeElement(faces[0].time)),
    ),
    h(
      "form",
      {
        class: "decide",
        onsubmit: (event) =>
          guarded(() => {
            const label = input.value.trim();
            if (label) return decide(element, "confirm", label);
            input.focus();
            complain("Type a name first.");
          })(event),
      },
      h("label", { for: `name-${id}`, class: "hidden" }, "Who is this?"),
      input,
      h("button", { type: "submit", class: isLikely(suggestion) ? null : "main" }, "Confirm"),
      isLikely(suggestion)
        ? h(
            "button",
            { type: "button", class: "yes main", onclick: guarded(() => decide(element, "confirm", suggestion.label)) },
            `Yes, ${suggestion.label}`,
          )
        : null,
      suggestion
        ? h(
            "button",
            { type: "button", class: "no", onclick: guarded(() => decide(element, "deny", suggestion.label)) },
            `Not ${suggestion.label}`,
          )
        : null,
      h(
        "button",
        { type: "button", class: "none", onclick: guarded(() => decide(element, "not-a-face")) },
        faces.length > 1 ? "Not faces" : "Not a face",
      ),
    ),
  );
  element.cluster = cluster;
  return element;
}

const stateOf = (cluster) => JSON.stringify([cluster.suggestion, cluster.faces.map((face) => face.id)]);

/** Cards that stay keep what was typed into them. */
function show(pending) {
  const seen = new Set();
  let place = list.firstElementChild;
  for (const cluster of pending.clusters) {
    seen.add(cluster.id);
    let element = cards.get(cluster.id);
    if (!element || stateOf(element.cluster) !== stateOf(cluster)) {
      const typed = element?.querySelector("input").value ?? "";
      const focused = element?.contains(document.activeElement);
      const made = makeCard(cluster);
      made.querySelector("input").value = typed;
      if (element === place) place = place?.nextElementSibling ?? null;
      element?.remove();
      element = made;
      cards.set(cluster.id, element);
      list.insertBefore(element, place);
      if (focused) element.focus();
    } else if (element === place) {
      place = place.nextElementSibling;
    } else {
      list.insertBefore(element, place);
    }
  }
  for (const [id, element] of cards) {
    if (!seen.has(id)) {
      element.remove();
      cards.delete(id);
    }
  }
  $("waiting").textContent = pending.faces;
  $("waiting").hidden = pending.faces === 0;
  $("waiting").setAttribute("aria-label", `${pending.faces} waiting`);
  const unseen = pending.unseen > 0 ? `; ${count(pending.unseen, "photo")} still to look at` : "";
  summary.textContent =
    pending.faces === 0
      ? `Nobody is waiting${unseen}.`
      : `${count(pending.faces, "face")} in ${count(pending.photos, "photo")} ${pending.faces === 1 ? "waits" : "wait"} for a name${unseen}.`;
  nobody.hidden = pending.faces > 0;
  showIdle(pending.idle);
}

const outcomes = {
  no_face: "no face found",
  unreadable: "cannot be read",
  settled: "all its faces are known",
  duplicate: "the same photo lies there twice",
};

function showIdle(idle) {
  rest.hidden = idle.length === 0;
  rest.querySelector("summary").textContent = `${count(idle.length, "photo")} with nothing to decide`;
  rest
    .querySelector("ul")
    .replaceChildren(
      ...idle.map(({ photo, outcome }) => h("li", {}, h("b", {}, fileName(photo)), ` ${outcomes[outcome] ?? outcome}`)),
    );
}

export async function refresh() {
  const pending = await get("/v1/pending");
  if (list?.isConnected) show(pending);
  return pending;
}

function outcomeOf(name, answer) {
  const known = answer.faces.filter((face) => face.verdict === "known").map((face) => `${face.label} (${percent(face.confidence)})`);
  const unknown = answer.faces.length - known.length;
  if (answer.faces.length === 0) return `${name}: no face found`;
  const parts = known.length > 0 ? [`known: ${known.join(", ")}`] : [];
  if (unknown > 0) parts.push(count(unknown, "unknown face"));
  return `${name}: ${parts.join("; ")}`;
}

export async function addPhotos(files) {
  const results = [];
  for (const file of files) {
    say(`${file.name} is looked at …`);
    try {
      results.push(outcomeOf(file.name, await upload(file)));
    } catch (problem) {
      results.push(`${file.name}: ${problem.message}`);
      complain(results.at(-1));
      if (list?.isConnected) await refresh().catch(() => {});
      continue;
    }
    say(results.at(-1));
    const shown = $("added");
    if (shown) {
      shown.prepend(h("li", {}, results.at(-1)));
      while (shown.children.length > 5) shown.lastElementChild.remove();
    }
    if (list?.isConnected) await refresh().catch((problem) => complain(problem.message));
  }
  return results;
}

export function open(view) {
  cards.clear();
  const files = h("input", {
    type: "file",
    id: "files",
    class: "hidden",
    accept: "image/*",
    multiple: true,
    onchange: (event) => {
      const chosen = [...event.target.files];
      event.target.value = "";
      addPhotos(chosen);
    },
  });
  summary = h("p", { class: "lead", tabindex: -1 }, "…");
  list = h("ol", { class: "clusters", "aria-label": "Waiting faces" });
  rest = h("details", { hidden: true, class: "idle" }, h("summary"), h("ul"));
  nobody = h(
    "div",
    { class: "nobody", hidden: true },
    h("p", {}, "All faces have their names."),
    h("p", { class: "quiet-text" }, "Drop photos anywhere on this page, or put them into the workspace’s folder ", h("code", {}, "dataset/"), "."),
  );
  view.replaceChildren(
    h(
      "div",
      { class: "head" },
      h("div", {}, h("h1", {}, "Inbox"), summary),
      h("span", { class: "grow" }),
      files,
      h("label", { for: "files", class: "button" }, "Add photos", h("kbd", { "aria-hidden": "true" }, "a")),
    ),
    h("ul", { class: "added", id: "added", "aria-label": "Photos added just now" }),
    h("datalist", { id: "names" }),
    list,
    nobody,
    rest,
  );
  refresh().catch((problem) => complain(problem.message));
  timer = setInterval(() => {
    if (document.visibilityState === "visible" && !document.querySelector("dialog[open]")) refresh().catch(() => {});
  }, k_look_every);
}

export function close() {
  clearInterval(timer);
}

export function key(name) {
  const element = card() ?? (["n", "y", "d", "x"].includes(name) ? allCards()[0] : null);
  const press = (selector) => element?.querySelector(selector)?.click();
  switch (name) {
    case "j": return move(1), true;
    case "k": return move(-1), true;
    case "n": return element?.querySelector("input").focus(), true;
    case "y": return press(".yes"), true;
    case "d": return press(".no"), true;
    case "x": return press(".none"), true;
    default: return false;
  }
}
