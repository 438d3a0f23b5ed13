// SPDX-License-Identifier: MIT
// Talks to the server. The token, where one is needed, is kept in this tab's sessionStorage and goes nowhere else.

import { $ } from "/ui/dom.js";

const k_token = "mien-token";

/** What the server refused, in words for people. */
export class Refusal extends Error {
  constructor(status, code, message, data = {}) {
    super(message);
    Object.assign(this, { status, code, data });
  }
}

const words = {
  store_locked: "Somebody else is changing the store right now. Please try again in a moment.",
  queue_full: "The server is busy. Please try again in a moment.",
  queue_timeout: "The server is busy. Please try again in a moment.",
  forbidden: "This token may look but not decide: that needs the role admin.",
  changed_since: "Somebody else has changed the store since. The activity shows what was done.",
  not_waiting: "This face does not wait any more. Somebody may have decided about it.",
  body_too_large: "The photo is too large for this server.",
  too_many_pixels: "The photo has more pixels than this server takes.",
  unreadable: "This is not a photo that can be read.",
};

export const hasToken = () => sessionStorage.getItem(k_token) !== null;

export function forgetToken() {
  sessionStorage.removeItem(k_token);
  location.reload();
}

let asking = null;

/** Opens the dialog once, however many requests need it. */
function askForToken(problem) {
  asking ??= new Promise((resolve) => {
    const dialog = $("token-dialog");
    $("token-problem").textContent = problem;
    $("token").value = "";
    const refuseToClose = (event) => event.preventDefault();
    dialog.addEventListener("cancel", refuseToClose);
    dialog.addEventListener(
      "close",
      () => {
        dialog.removeEventListener("cancel", refuseToClose);
        sessionStorage.setItem(k_token, $("token").value.trim());
        $("token").value = "";
        $("sign-out").hidden = false;
        asking = null;
        resolve();
      },
      { once: true },
    );
    dialog.showModal();
  });
  return asking;
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function send(method, path, body) {
  const headers = {};
  const token = sessionStorage.getItem(k_token);
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined && !(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  try {
    const response = await fetch(path, { method, headers, body, credentials: "omit", cache: "no-store" });
    return { response, token };
  } catch {
    throw new Refusal(0, "unreachable", "The server does not answer. Is it still running?");
  }
}

async function call(method, path, body) {
  for (let tries = 0; ; ) {
    const { response, token } = await send(method, path, body);
    if (response.ok) return response;
    if (response.status === 401) {
      // Another request may have brought a token meanwhile.
      if (sessionStorage.getItem(k_token) === token) {
        await askForToken(token ? "The server does not accept that token." : "");
      }
      continue;
    }
    const data = await response.json().catch(() => ({}));
    if (response.status === 503 && ++tries <= 5) {
      await pause(Math.min(Number(response.headers.get("Retry-After")) || 1, 5));
      continue;
    }
    const told = typeof data.message === "string" ? data.message : `The server answered ${response.status}.`;
    throw new Refusal(response.status, data.code ?? "", words[data.code] ?? told, data);
  }
}

export const get = async (path) => (await call("GET", path)).json();
export const post = async (path, body = {}) => (await call("POST", path, body)).json();

export function upload(file) {
  const form = new FormData();
  form.append("file", file);
  return post("/v1/pending", form);
}

// Pictures need the token, which an <img> does not send: they are fetched, a few at a time.
const k_at_once = 4;
const k_kept = 500;
const pictures = new Map();
const queue = [];
let running = 0;

function next() {
  while (running < k_at_once && queue.length > 0) {
    const job = queue.shift();
    ++running;
    call("GET", job.path)
      .then((response) => response.blob())
      .then((blob) => job.resolve(URL.createObjectURL(blob)), job.reject)
      .finally(() => {
        --running;
        next();
      });
  }
}

function picture(path) {
  if (!pictures.has(path)) {
    const promise = new Promise((resolve, reject) => queue.push({ path, resolve, reject }));
    promise.catch(() => pictures.delete(path));
    pictures.set(path, promise);
    if (pictures.size > k_kept) {
      const [oldest, url] = pictures.entries().next().value;
      pictures.delete(oldest);
      url.then((address) => URL.revokeObjectURL(address), () => {});
    }
    next();
  }
  return pictures.get(path);
}

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      picture(target.dataset.path).then(
        (url) => (target.src = url),
        () => target.classList.add("missing"),
      );
    }
  },
  { rootMargin: "300px" },
);

/** An <img> that gets its picture when it comes near the window. */
export function image(path, alt) {
  const element = document.createElement("img");
  element.alt = alt;
  element.width = 120;
  element.height = 120;
  element.dataset.path = path;
  observer.observe(element);
  return element;
}
