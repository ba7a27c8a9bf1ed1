// Uses our pages as people do: with a browser, by keyboard alone, and by what a screen reader is told.
//
// Reads ORGBRIDGE_URL, DD_API_KEY and DD_APP_KEY of an admin, who is Jane Doe of Source Org. Says what it saw, and stops
// with a non-zero status at the first wrong thing.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

const { ORGBRIDGE_URL: SERVER, DD_API_KEY: API_KEY, DD_APP_KEY: APPLICATION_KEY } = process.env;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WRONG_KEY = "0".repeat(40);
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The application that asks: it listens where users are sent back to. */
class Application {
  static async start() {
    const application = new Application();
    application.arrivals = [];
    application.server = createServer((request, response) => {
      const url = new URL(request.url, application.origin);
      const framing = `<!doctype html><title>Framing</title><iframe src="${url.searchParams.get("of")}"></iframe>`;
      if (url.pathname === "/callback") application.arrivals.push(Object.fromEntries(url.searchParams));
      response.setHeader("content-type", "text/html");
      response.end(url.pathname === "/frame" ? framing : "<!doctype html><title>Back</title>");
    });
    await new Promise((resolve) => application.server.listen(0, "127.0.0.1", resolve));
    application.origin = `http://127.0.0.1:${application.server.address().port}`;
    application.callback = `${application.origin}/callback`;
    await application.register();
    return application;
  }

  async register() {
    const response = await fetch(`${SERVER}/api/v2/oauth2/register`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "dd-api-key": API_KEY,
        "dd-application-key": APPLICATION_KEY,
      },
      body: JSON.stringify({
        client_name: "Dashboards & Co",
        redirect_uris: [this.callback],
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code"],
        response_types: ["code"],
        scope: "org_connections_read org_connections_write",
      }),
    });
    const registered = await response.json();
    assert.equal(response.status, 201, JSON.stringify(registered));
    this.id = registered.client_id;
  }

  /** Where a user is sent to decide; `changes` replace parameters. */
  asking(changes = {}) {
    this.verifier = randomBytes(32).toString("base64url");
    const parameters = {
      response_type: "code",
      client_id: this.id,
      redirect_uri: this.callback,
      scope: "org_connections_read",
      state: "a state & more",
      code_challenge: createHash("sha256").update(this.verifier).digest("base64url"),
      code_challenge_method: "S256",
      ...changes,
    };
    return `${SERVER}/oauth2/v1/authorize?${new URLSearchParams(parameters)}`;
  }

  /** Who the code stands for, and what it lets through. */
  async redeem(code) {
    const response = await fetch(`${SERVER}/oauth2/v1/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code,
        redirect_uri: this.callback,
        code_verifier: this.verifier,
        client_id: this.id,
      }),
    });
    const token = await response.json();
    assert.equal(response.status, 200, JSON.stringify(token));
    const headers = { authorization: `Bearer ${token.access_token}` };
    const user = await (await fetch(`${SERVER}/api/v2/current_user`, { headers })).json();
    return [user.data.attributes.name, token.scope];
  }

  arrival() {
    return this.arrivals.pop();
  }
}

function seen(what) {
  console.log(`${what}: as expected`);
}

/** Holds the page to what every page of ours is held to. */
async function holdUp(page, what) {
  assert.equal(await page.locator("html").getAttribute("lang"), "en", what);
  assert.equal(await page.locator("main").count(), 1, what);
  assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1, what);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(AXE);
    const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(", ")}`);
    assert.deepEqual(found, [], `${what}, ${colorScheme}`);
    assert.ok(passes.some(({ id }) => id === "color-contrast"), `${what}: contrast was looked at`);
  }
  await page.setViewportSize({ width: 320, height: 640 });
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(tooWide, false, `${what} on a narrow screen`);
  await page.setViewportSize({ width: 1280, height: 720 });
  seen(`${what}: accessible in both color schemes and on a narrow screen`);
}

/** What has the focus, as a screen reader says it, and whether one can see that it does. */
async function focused(page) {
  const element = page.locator(":focus");
  const outline = await element.evaluate((it) => getComputedStyle(it).outlineStyle);
  assert.notEqual(outline, "none", "the focus can be seen");
  return (await element.ariaSnapshot()).split("\n")[0];
}

/** Presses Tab until something with this name has the focus. */
async function tabTo(page, name) {
  for (let presses = 0; presses < 10; presses += 1) {
    await page.keyboard.press("Tab");
    if ((await page.locator(":focus").count()) > 0 && (await focused(page)).includes(`"${name}"`)) return;
  }
  assert.fail(`${name} can't be reached by keyboard`);
}

async function logIn(page, application) {
  await page.goto(application.asking());
  assert.equal(await page.title(), "Log in – Orgbridge");
  assert.match(await focused(page), /^- textbox "Application key"/, "the field has the focus");
  assert.match(await page.locator("main").ariaSnapshot(), /Dashboards & Co/, "who asks is named");
  await holdUp(page, "login");

  await page.keyboard.type(WRONG_KEY);
  await page.keyboard.press("Enter");
  await page.waitForURL(/log_?in/i);
  assert.equal(await page.title(), "Error: Log in – Orgbridge");
  const alert = page.getByRole("alert");
  assert.match(await alert.ariaSnapshot(), /There is a problem/);
  const field = page.getByRole("textbox", { name: "Application key" });
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  assert.equal(await field.inputValue(), "", "the key is not shown again");
  const description = await field.evaluate((it) =>
    it.getAttribute("aria-describedby").split(" ").map((id) => document.getElementById(id).textContent).join(" "));
  assert.match(description, /not a live application key/);
  assert.ok(!(await page.content()).includes(WRONG_KEY) && !page.url().includes(WRONG_KEY));
  await alert.getByRole("link").click();
  assert.match(await focused(page), /^- textbox "Application key"/, "the error leads to its field");
  await holdUp(page, "login with an error");

  await page.keyboard.type(APPLICATION_KEY);
  await tabTo(page, "Log in");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Let Dashboards & Co act for you?" }).waitFor();
  assert.ok(!page.url().includes(APPLICATION_KEY), "no key in a URL");
  const [cookie, ...others] = await page.context().cookies();
  assert.deepEqual(others, []);
  assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Lax"]);
  const seconds = cookie.expires - Date.now() / 1000;
  assert.ok(seconds > 800 && seconds <= 901, `the login is over in ${seconds} s`);
  assert.equal(await page.evaluate(() => document.cookie), "", "no script could read it");
  seen("login by keyboard alone");
}

async function allow(page, application) {
  const told = await page.locator("main").ariaSnapshot();
  for (const part of ["Jane Doe (jane@example.com)", "Source Org", application.origin, "Org Connections Read"]) {
    assert.ok(told.includes(part), `${part} is not among ${told}`);
  }
  assert.ok(!told.includes("Org Connections Write"), "nothing that was not asked for");
  await holdUp(page, "consent");
  await tabTo(page, "Allow");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${application.callback}**`);
  const { code, state, iss, ...rest } = application.arrival();
  assert.deepEqual([state, iss, rest], ["a state & more", SERVER, {}]);
  assert.deepEqual(await application.redeem(code), ["Jane Doe", "org_connections_read"]);
  seen("allowed by keyboard alone");
}

async function deny(page, application) {
  await page.goto(application.asking());
  await tabTo(page, "Don’t allow");
  await page.keyboard.press("Enter");
  await page.waitForURL(`${application.callback}**`);
  const { error, state, iss, code } = application.arrival();
  assert.deepEqual([error, state, iss, code], ["access_denied", "a state & more", SERVER, undefined]);
  seen("denied by keyboard alone");
}

async function change(page, application) {
  await page.goto(application.asking());
  await tabTo(page, "Log in as somebody else");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Log in", exact: true }).waitFor();
  seen("somebody else may log in");
}

async function goWrong(page, application) {
  await page.goto(application.asking({ scope: "everything" }));
  assert.equal(application.arrival().error, "invalid_scope");
  const before = application.arrivals.length;
  const response = await page.goto(application.asking({ redirect_uri: `${application.callback}/elsewhere` }));
  assert.equal(response.status(), 400);
  assert.equal(new URL(page.url()).origin, SERVER, "nobody is sent to a place that is not registered");
  assert.equal(application.arrivals.length, before);
  await page.getByRole("heading", { name: "This can’t go on" }).waitFor();
  await holdUp(page, "error");
}

/** A page of somebody else's shows none of ours inside, and sends no form for a user. */
async function attack(page, application) {
  await page.goto(`${application.origin}/frame?${new URLSearchParams({ of: application.asking() })}`);
  const [, frame] = page.frames();
  assert.ok(!(await frame.content()).includes("Dashboards"), "it is not shown in a frame");
  await page.goto(application.callback);
  application.arrival();
  await page.evaluate((action) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action });
    form.innerHTML = '<input name="decision" value="allow"><input name="proof" value="guessed">';
    document.body.append(form);
    form.submit();
  }, application.asking());
  await page.waitForURL(`${SERVER}/**`);
  await page.getByRole("heading", { name: "This can’t go on" }).waitFor();
  assert.deepEqual(application.arrivals, [], "nobody decides for a user");
  seen("another site gets nothing");
}

async function main() {
  const application = await Application.start();
  const profile = await mkdtemp(join(tmpdir(), "orgbridge-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: FLAGS,
  });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const [asked, complaints] = [new Set(), []];
    page.on("request", (request) => asked.add(new URL(request.url()).origin));
    page.on("console", (message) => {
      // Answers that say no are shown as such.
      const isAnswer = message.text().startsWith("Failed to load resource: the server responded with");
      if (message.type() === "error" && !isAnswer) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`${SERVER}/docs`);
    await holdUp(page, "documentation");
    await logIn(page, application);
    await allow(page, application);
    await deny(page, application);
    await change(page, application);
    await goWrong(page, application);
    assert.deepEqual(complaints, [], "the browser has nothing to complain about");
    await attack(page, application);
    assert.deepEqual([...asked].sort(), [SERVER, application.origin].sort(), "nobody else was asked for anything");
    console.log("browser: every page was as expected");
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
    application.server.close();
  }
}

await main();
