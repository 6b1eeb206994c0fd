// Opens pages in a headless Chromium, at the width of a phone and of a desk, light and dark:
// node browse.js CHROMIUM AXE FOLDER PAGE... prints a JSON list of what it saw, and writes screenshots into FOLDER.
const { spawn } = require('node:child_process');
const { readFileSync, writeFileSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, basename, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');

const [program, axeFile, folder, ...pages] = process.argv.slice(2);
const axe = readFileSync(axeFile, 'utf8');
const VIEWS = [360, 1280].flatMap((width) => ['light', 'dark'].map((scheme) => ({ width, scheme })));

// The protocol of Chromium's developer tools over a pipe: a JSON text, then a zero byte.
function connect(profile) {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const stdio = ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'];
  const arguments_ = [...flags, ...offline, '--hide-scrollbars', '--remote-debugging-pipe', `--user-data-dir=${profile}`];
  const browser = spawn(program, arguments_, { stdio });
  const waiting = new Map();
  const listeners = [];
  let [text, last] = ['', 0];
  const fail = (why) => waiting.forEach(({ reject }) => reject(new Error(why)));
  const ended = new Promise((resolve) => browser.on('error', resolve).on('exit', resolve));
  ended.then((why) => fail(`${program} ended: ${why?.message ?? why}`));
  // Of a browser that ended we hear above.
  for (const pipe of [browser.stdio[3], browser.stdio[4]]) pipe?.on('error', () => {});
  browser.stdio[4]?.on('data', (data) => {
    const messages = (text + data).split('\0');
    text = messages.pop();
    for (const message of messages.map((one) => JSON.parse(one))) {
      const { resolve, reject } = waiting.get(message.id) ?? {};
      waiting.delete(message.id);
      if (message.error) reject?.(new Error(message.error.message));
      else if (resolve) resolve(message.result);
      else listeners.forEach((listener) => listener(message));
    }
  });
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      browser.stdio[3]?.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });
  return { ended, send, listen: (listener) => listeners.push(listener) };
}

// What is to be read must not be tiny, and every place that the keyboard reaches must show that it is there.
const LOOK = `(() => {
  const shown = [...document.querySelectorAll('main *, header *, footer *')].filter((one) => one.checkVisibility());
  const withText = shown.filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return {
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    smallest: Math.min(...withText.map((one) => parseFloat(getComputedStyle(one).fontSize))),
    labels: [...document.querySelectorAll('.map b')].filter((one) => one.checkVisibility()).length,
    parts: document.querySelectorAll('.map > span').length,
    text: document.body.innerText,
  };
})()`;
const FOCUS = `(() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return [document.activeElement.tagName, outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2];
})()`;

async function look({ send, listen }, page, { width, scheme }) {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const call = (method, params) => send(method, params, sessionId);
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const [complaints, requests] = [[], []];
  const loaded = new Promise((resolve) => {
    listen(({ sessionId: from, method, params }) => {
      if (from !== sessionId) return;
      if (method === 'Page.loadEventFired') resolve();
      if (method === 'Log.entryAdded') complaints.push(params.entry.text);
      if (method === 'Runtime.consoleAPICalled') complaints.push(JSON.stringify(params.args));
      if (method === 'Runtime.exceptionThrown') complaints.push(params.exceptionDetails.text);
      if (method === 'Network.requestWillBeSent') requests.push(params.request.url);
    });
  });
  for (const domain of ['Page', 'Log', 'Runtime', 'Network']) await call(`${domain}.enable`);
  const size = { width, height: 800, deviceScaleFactor: 1, mobile: width < 600 };
  await call('Emulation.setDeviceMetricsOverride', size);
  await call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
  await call('Page.navigate', { url: pathToFileURL(resolve(page)).href });
  await loaded;
  const focus = [];
  for (let places = 0; places < 40; places++) {
    for (const type of ['keyDown', 'keyUp']) await call('Input.dispatchKeyEvent', { type, key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 });
    const [tag, visible] = await evaluate(FOCUS);
    if (tag === 'BODY') break;
    focus.push({ tag, visible });
  }
  // All that can be opened is looked at as well.
  await evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))");
  const seen = await evaluate(LOOK);
  const { violations } = await evaluate(`${axe}; axe.run()`);
  await evaluate("document.querySelectorAll('details').forEach((one) => (one.open = false)); document.activeElement.blur(); scrollTo(0, 0)");
  const { cssContentSize } = await call('Page.getLayoutMetrics');
  await call('Emulation.setDeviceMetricsOverride', { ...size, height: Math.ceil(cssContentSize.height) });
  const { data } = await call('Page.captureScreenshot', { format: 'png' });
  const screenshot = join(folder, `${basename(page, '.html')}-${width}-${scheme}.png`);
  writeFileSync(screenshot, Buffer.from(data, 'base64'));
  await send('Target.closeTarget', { targetId });
  const broken = violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })) }));
  return { page, width, scheme, complaints, requests, focus, violations: broken, screenshot, ...seen };
}

async function main() {
  const profile = mkdtempSync(join(tmpdir(), 'browse-'));
  const chromium = connect(profile);
  try {
    const seen = [];
    for (const page of pages) for (const view of VIEWS) seen.push(await look(chromium, page, view));
    process.stdout.write(JSON.stringify(seen));
  } finally {
    chromium.send('Browser.close').catch(() => {});
    await chromium.ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
