// Runs headless Chromium with a page for each phone: node runner.mjs HOST [CHROMIUM]
//
// At HOST, on a port of its choice, it serves the pages and takes commands:
//   POST /open    { name, library, server, aor, password }  opens a page; library: jssip or sipjs
//   POST /reload  { name }                                   reloads it
//   POST /act     { name, action, values }                   calls window.phone[action](...values)
//   POST /close   { name }                                   closes it
// A command is answered 200 once it is carried out, else 500 with the reason.
// Standard output says `serving PORT` first; then a line `NAME EVENT DETAIL` for each event of a
// phone, and the heads of the SIP messages and the console of each page, for whoever looks for a
// fault. SIGTERM ends it.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { chromium } from "playwright-core";

const [host, executablePath = "/usr/bin/chromium"] = process.argv.slice(2);
const SWITCHES = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
  "--ignore-certificate-errors",
  // Media between two pages stays on the loopback network, which is all that a test may need.
  "--allow-loopback-in-peer-connection",
];

const inPages = (file) => fileURLToPath(new URL(`pages/${file}`, import.meta.url));
const bundle = (library) => buildSync({
  entryPoints: [inPages(`${library}.js`)], bundle: true, format: "esm", write: false,
}).outputFiles[0].text;
const scripts = { "/jssip.js": bundle("jssip"), "/sipjs.js": bundle("sipjs") };
const html = await readFile(inPages("phone.html"), "utf8");

const browser = await chromium.launch({
  executablePath, args: SWITCHES, handleSIGTERM: false, handleSIGINT: false, handleSIGHUP: false,
});
const pages = new Map();

const say = (line) => process.stdout.write(`${line}\n`);
const head = (frame) => String(frame).split("\r\n\r\n")[0].replaceAll("\r\n", "\n    ");

const commands = {
  async open({ name, ...account }) {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    pages.set(name, page);
    page.on("console", (message) => say(`[${name}] ${message.text()}`));
    page.on("pageerror", (error) => say(`[${name}] ${error.stack}`));
    page.on("websocket", (socket) => {
      socket.on("framesent", ({ payload }) => say(`[${name}] sends ${head(payload)}`));
      socket.on("framereceived", ({ payload }) => say(`[${name}] receives ${head(payload)}`));
    });
    await page.exposeFunction("report", (event, detail) =>
      say(`${name} ${event} ${JSON.stringify(detail ?? null)}`));
    await page.goto(`http://${host}:${port}/?${new URLSearchParams(account)}`);
  },
  async reload({ name }) {
    await pages.get(name).reload();
  },
  async act({ name, action, values }) {
    await pages.get(name).evaluate(
      async ([action, values]) => { await window.phone[action](...values); }, [action, values]);
  },
  async close({ name }) {
    await pages.get(name).context().close();
    pages.delete(name);
  },
};

const body = async (request) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces));
};

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, `http://${host}`);
  try {
    if (request.method === "POST") {
      await commands[pathname.slice(1)](await body(request));
      response.end();
    } else if (scripts[pathname]) {
      response.setHeader("Content-Type", "text/javascript").end(scripts[pathname]);
    } else {
      response.setHeader("Content-Type", "text/html").end(html);
    }
  } catch (error) {
    response.writeHead(500).end(String(error.stack));
  }
});
await new Promise((resolve) => { server.listen(0, host, resolve); });
const { port } = server.address();

process.on("SIGTERM", async () => {
  await browser.close();
  process.exit(0);
});
say(`serving ${port}`);
