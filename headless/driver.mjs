// Opens pages in headless Chromium: reads one command a line from standard input, answers each with one line of JSON.
import {createInterface} from "node:readline";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {chromium} from "playwright-core";

const require = createRequire(import.meta.url);
const packaged = async () => {
  const {default: found} = await import("@sparticuz/chromium");
  return {executablePath: await found.executablePath(), args: found.args.filter((each) => each !== "--single-process")};
};
const launch = async () => {
  const named = process.env.CHROME_PATH;
  const {executablePath, args} = named ? {executablePath: named, args: ["--no-sandbox"]} : await packaged();
  return chromium.launch({executablePath, args, headless: true});
};

const browser = await launch();
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
let context, page, asked, problems;

const commands = {
  async open({url, width, height, scheme, javascript, scale}) {
    if (context) await context.close();
    context = await browser.newContext({viewport: {width, height}, colorScheme: scheme, javaScriptEnabled: javascript, reducedMotion: "reduce", deviceScaleFactor: scale, locale: "en-GB", timezoneId: "UTC"});
    page = await context.newPage();
    asked = []; problems = [];
    page.on("request", (request) => asked.push(request.url()));
    page.on("console", (message) => { if (["error", "warning"].includes(message.type())) problems.push(message.text()); });
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("dialog", (dialog) => { problems.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    const began = performance.now();
    await page.goto(url, {waitUntil: "load"});
    return performance.now() - began;
  },
  async evaluate({code}) { return page.evaluate(code); },
  async until({code}) {
    for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((done) => setTimeout(done, 10))) {
      if (await page.evaluate(code)) return;
    }
    throw new Error(`never true: ${code}`);
  },
  async click({selector}) { await page.click(selector); },
  async fill({selector, text}) { await page.fill(selector, text); },
  async select({selector, value}) { await page.selectOption(selector, value); },
  async press({key}) { await page.keyboard.press(key); },
  async texts({selector}) { return page.locator(selector).allInnerTexts(); },
  async tree({selector}) { return page.locator(selector).ariaSnapshot(); },
  async axe({tags}) {
    await page.evaluate(axe);
    return page.evaluate(async (wanted) => (await globalThis.axe.run(document, {runOnly: wanted, resultTypes: ["violations"]})).violations.map(({id, help, nodes}) => ({id, help, nodes: nodes.slice(0, 5).map((node) => `${node.target} ${node.failureSummary}`)})), tags);
  },
  async picture({path, selector, full}) {
    await (selector ? page.locator(selector) : page).screenshot(selector ? {path} : {path, fullPage: full});
  },
  async pdf({path}) { await page.pdf({path, format: "A4"}); },
  async asked() { return asked; },
  async problems() { return problems; },
};

process.stdout.write(`${JSON.stringify({version: browser.version()})}\n`);
for await (const line of createInterface({input: process.stdin})) {
  const {command, ...given} = JSON.parse(line);
  try {
    process.stdout.write(`${JSON.stringify({answer: (await commands[command](given)) ?? null})}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({error: String(error.message ?? error)})}\n`);
  }
}
await browser.close();
