// SPDX-License-Identifier: MIT
// Goes through the operator's page as an operator does, mostly by keyboard.
//
//   node console.mjs PLAYWRIGHT CHROMIUM URL URL_WITH_TOKEN TOKEN PHOTOS PICTURES
//
// Prints what was done; exit status 1 with the step that failed. Writes screenshots into PICTURES.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { complaints } from "./checks.mjs";

const [playwright, executablePath, url, urlWithToken, token, photos, pictures] = process.argv.slice(2);
const { chromium } = createRequire(import.meta.url)(playwright);
const patience = 1000 * Number(process.env.MIEN_TEST_PATIENCE ?? 60);

const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"],
});

const problems = []; // what the browser complained about

async function newPage(origin, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 820 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.on("pageerror", (error) => problems.push(`${error}`));
  page.on("console", (message) => {
    // A refusal of the server is told on the page; the browser tells it here, too.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) problems.push(message.text());
  });
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).origin !== origin) problems.push(`asks ${request.url()}`);
  });
  return page;
}

async function step(name, work) {
  const began = Date.now();
  try {
    await work();
  } catch (error) {
    console.log(`not ok: ${name}`);
    throw error;
  }
  console.log(`ok: ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
}

/** All pictures that are in sight. */
const loaded = (page) =>
  page.waitForFunction(() =>
    [...document.querySelectorAll("main img")]
      .filter((image) => image.getBoundingClientRect().top < innerHeight)
      .every((image) => image.complete && image.naturalWidth > 0),
  );

/** Both colour schemes, wide and narrow: checks, and pictures for people. */
async function look(page, name) {
  for (const [width, height] of [[1180, 820], [360, 740]]) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.waitForTimeout(50);
      const found = await page.evaluate(complaints);
      assert.deepEqual(found, [], `${name}, ${colorScheme}, ${width} pixels wide`);
      await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1180, height: 820 });
  await page.emulateMedia({ colorScheme: "light" });
}

const add = (page, ...files) => page.setInputFiles("#files", files.map((file) => (typeof file === "string" ? join(photos, file) : file)));
const said = (page, words) => page.waitForFunction((part) => document.querySelector("#outcome").textContent.includes(part), words);
const added = (page, words) => page.waitForFunction((part) => document.querySelector("#added li")?.textContent.includes(part), words);
const clusters = (page, number) => page.waitForFunction((wanted) => document.querySelectorAll(".cluster").length === wanted, number);
const focused = (page) => page.evaluate(() => document.activeElement.className || document.activeElement.id || document.activeElement.localName);

/** The same person again, as another file: smaller, and compressed anew. */
async function again(page, file) {
  const source = readFileSync(join(photos, file)).toString("base64");
  const bytes = await page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))]));
    const canvas = new OffscreenCanvas(Math.round(bitmap.width * 0.9), Math.round(bitmap.height * 0.9));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.9 });
    return [...new Uint8Array(await blob.arrayBuffer())];
  }, source);
  return { name: "again.webp", mimeType: "image/webp", buffer: Buffer.from(bytes) };
}

const page = await newPage(url);

try {
  await step("nobody waits at first", async () => {
    await page.goto(`${url}/ui`);
    await page.getByText("Nobody is waiting.").waitFor();
    await look(page, "empty");
  });

  await step("a stranger comes in and waits", async () => {
    await add(page, "stranger_3.jpg");
    await added(page, "1 unknown face");
    await clusters(page, 1);
    await page.locator(".cluster .badge", { hasText: "Unknown" }).waitFor();
    await loaded(page);
    assert.equal(await page.locator("#waiting").textContent(), "1");
    await look(page, "stranger");
  });

  await step("the keyboard names the stranger", async () => {
    await page.keyboard.press("j");
    assert.equal(await focused(page), "cluster");
    await page.keyboard.press("n");
    assert.match(await page.evaluate(() => document.activeElement.id), /^name-/);
    await page.keyboard.type("zo");
    await page.waitForFunction(() => document.querySelector("#names option")?.value === "zoé");
    await page.keyboard.press("Escape");
    assert.equal(await focused(page), "cluster");
    await page.keyboard.press("n");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("Iris Blom");
    await page.keyboard.press("Enter");
    await said(page, "1 face confirmed as Iris Blom");
    await clusters(page, 0);
    assert.equal(await focused(page), "lead", "the focus is not lost");
  });

  await step("another photo of the same person is known", async () => {
    await add(page, await again(page, "stranger_3.jpg"));
    await added(page, "known: Iris Blom");
    await clusters(page, 1);
    await page.locator(".badge.known", { hasText: "Looks like" }).waitFor();
    await loaded(page);
    await look(page, "known");
  });

  await step("undo makes both unknown again", async () => {
    await page.keyboard.press("u");
    await said(page, "Undone: 1 face confirmed as Iris Blom");
    await page.waitForFunction(() => document.querySelectorAll(".cluster .face").length === 2);
    await page.waitForFunction(() => document.querySelectorAll(".badge.known").length === 0);
    await added(page, "known"); // what was told is not rewritten
    await add(page, await again(page, "stranger_3.jpg"));
    await added(page, "1 unknown face");
    assert.equal(await page.locator("#undo").isDisabled(), true);
  });

  await step("a cluster is named at once, less what was left out", async () => {
    await clusters(page, 1);
    const pressed = () => page.locator(".face[aria-pressed=true]").count();
    assert.equal(await pressed(), 2);
    await page.locator(".face").nth(1).focus();
    await page.keyboard.press("Space");
    assert.equal(await pressed(), 1);
    await look(page, "left-out");
    await page.keyboard.press("Space");
    await page.keyboard.press("n");
    await page.keyboard.type("Iris Blom");
    await page.keyboard.press("Enter");
    await said(page, "2 faces confirmed as Iris Blom");
    await clusters(page, 0);
  });

  await step("a name that does not fit is asked about", async () => {
    await add(page, "ada_held_out_1.jpg");
    await added(page, "known: ada");
    await clusters(page, 1);
    await page.keyboard.press("n");
    await page.keyboard.type("Bob");
    await page.keyboard.press("Enter");
    const dialog = page.locator("#sure-dialog[open]");
    await dialog.getByText("This looks like ada. Is it really Bob?").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "sure-yes");
    await look(page, "sure");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    await clusters(page, 1);
    assert.equal(await focused(page), "cluster");
  });

  await step("yes, no and not a face, and all of it back", async () => {
    await page.keyboard.press("d");
    await said(page, "1 face: not ada");
    await page.waitForFunction(() => document.querySelector(".cluster:not([aria-busy])"));
    await page.locator(".badge.known").waitFor({ state: "hidden" });
    assert.doesNotMatch(await page.locator(".cluster").innerText(), /\bada\b/);
    await page.keyboard.press("u");
    await said(page, "Undone: 1 face: not ada");
    await page.locator(".badge.known").waitFor();
    await page.keyboard.press("x");
    await said(page, "1 face: not a face");
    await clusters(page, 0);
    await page.keyboard.press("u");
    await said(page, "Undone: 1 face: not a face");
    await clusters(page, 1);
    await page.keyboard.press("y");
    await said(page, "1 face confirmed as ada");
    await clusters(page, 0);
  });

  await step("what is no photo is refused in words", async () => {
    await add(page, "text_as.jpg");
    await page.waitForFunction(() => document.querySelector("#problem").textContent.includes("not a photo that can be read"));
    assert.equal(await page.locator("#problem").getAttribute("role"), "alert");
    await add(page, "nobody.jpg");
    await added(page, "no face found");
    await page.getByText("1 photo with nothing to decide").waitFor();
  });

  await step("several people on one photo wait one by one", async () => {
    await add(page, "group.jpg");
    await page.waitForFunction(() => document.querySelectorAll(".cluster").length >= 1);
    await loaded(page);
    await look(page, "group");
  });

  await step("people and their photos", async () => {
    await page.keyboard.press("2");
    await page.getByRole("heading", { name: "People" }).waitFor();
    await page.locator(".person", { hasText: "Iris Blom" }).waitFor();
    await loaded(page);
    await look(page, "people");
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search");
    await page.keyboard.type("iris");
    await page.waitForFunction(() => document.querySelectorAll(".person").length === 1);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Iris Blom" }).waitFor();
    await loaded(page);
    assert.equal(await page.locator(".photos li").count(), 2);
    await look(page, "person");
    await page.goBack();
    await page.getByRole("heading", { name: "People" }).waitFor();
  });

  await step("figures and the log", async () => {
    await page.keyboard.press("3");
    await page.locator(".figures dt", { hasText: "Faces known" }).waitFor();
    await page.locator(".log li").first().waitFor();
    assert.match(await page.locator(".log li").first().textContent(), /#\d+.*confirm.*1 face confirmed as ada/);
    await look(page, "activity");
    await page.locator(".log button").click();
    await page.locator("#sure-yes").click();
    await said(page, "Undone: 1 face confirmed as ada");
    await page.waitForFunction(() => document.querySelector(".log li").textContent.includes("undo"));
  });

  await step("the shortcuts are told, and the focus comes back", async () => {
    await page.locator("#help").focus();
    await page.keyboard.press("?");
    await page.locator("#help-dialog[open]").waitFor();
    await look(page, "help");
    await page.keyboard.press("Escape");
    await page.locator("#help-dialog").waitFor({ state: "hidden" });
    assert.equal(await page.evaluate(() => document.activeElement.id), "help");
    const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length);
    assert.equal(moving, 0, "reduced motion");
  });

  await step("the first tab stop skips to the content", async () => {
    await page.goto(`${url}/ui#people`);
    await page.reload();
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "view");
  });

  await step("a token is asked for, checked, and kept in this tab only", async () => {
    const guarded = await newPage(urlWithToken);
    await guarded.goto(`${urlWithToken}/ui`);
    await guarded.locator("#token-dialog[open]").waitFor();
    await guarded.keyboard.type("wrong");
    await guarded.keyboard.press("Enter");
    await guarded.getByText("The server does not accept that token.").waitFor();
    await look(guarded, "token");
    await guarded.locator("#token").fill(token);
    await guarded.keyboard.press("Enter");
    await guarded.getByText("Nobody is waiting.").waitFor();
    assert.deepEqual(await guarded.evaluate(() => [localStorage.length, document.cookie, location.href.includes("token")]), [0, "", false]);
    assert.equal(await guarded.evaluate(() => sessionStorage.getItem("mien-token")), token);
    await add(guarded, "stranger_3.jpg");
    await clusters(guarded, 1);
    await loaded(guarded);
    await guarded.reload();
    await clusters(guarded, 1);
    await guarded.locator("#sign-out").click();
    await guarded.locator("#token-dialog[open]").waitFor();
    assert.equal(await guarded.evaluate(() => sessionStorage.length), 0);
  });

  await step("the browser had nothing to complain about", async () => assert.deepEqual(problems, []));
} catch (error) {
  console.log(error.stack ?? `${error}`);
  await page.screenshot({ path: join(pictures, "failed.png"), fullPage: true }).catch(() => {});
  process.exitCode = 1;
} finally {
  await browser.close();
}
