// Starts the image's command where nothing reaches the network, and speaks for it through sockets in a folder
// that the outside sees too: `http` leads to the backend, `control` answers questions about it. What the
// backend sends to the database's port goes to the socket `database`.
"use strict";
const { execFile, spawn } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { decrypting } = require("./tls.js");

const folder = __dirname;
const orders = JSON.parse(fs.readFileSync(path.join(folder, "orders.json"), "utf8"));
const { argv, port, databasePort, encryptsDatabase, memory, heap } = orders;
const POLL = 100;
const say = (text) => process.stderr.write(`boot: ${text}\n`);

/** The variables that a configuration refers to, has no fallback for, and does not get. */
function unsetVariables() {
  const named = argv.flatMap((word, index) => (argv[index - 1] === "--config" ? [word] : []));
  const files = named.length > 0 ? named : ["app-config.yaml", "app-config.local.yaml"];
  const found = new Set();
  for (const file of files.filter((file) => fs.existsSync(file))) {
    const text = fs.readFileSync(file, "utf8").replace(/^\s*#.*$|\s#.*$/gm, "");
    const variables = text.matchAll(/(?<!\$)\$\{([^{}:]*)\}|^\s*\$env:\s*["']?(\w+)/gm);
    for (const [, substituted, included] of variables) found.add((substituted ?? included).trim());
  }
  return [...found].filter((name) => !(name in process.env)).sort();
}

/** Numbers in kB from /proc/PID/status (proc(5)). */
function status(pid) {
  try {
    const text = fs.readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
    return { parent: field("PPid"), peak: field("VmHWM"), held: field("RssAnon") + field("RssShmem") };
  } catch {
    return undefined;
  }
}

/** A process and all that it started. */
function family(first) {
  const all = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const known = new Map(all.map((name) => [Number(name), status(name)]).filter(([, found]) => found));
  const members = new Set([first]);
  for (let before = 0; before < members.size; ) {
    before = members.size;
    for (const [pid, { parent }] of known) if (members.has(parent)) members.add(pid);
  }
  return [...members].filter((pid) => known.has(pid)).map((pid) => ({ pid, ...known.get(pid) }));
}

/** Ports that something listens on here, but ours: the one the image names, else the lowest. */
function listening() {
  const ports = ["tcp", "tcp6"].flatMap((name) => {
    const lines = fs.existsSync(`/proc/net/${name}`) ? fs.readFileSync(`/proc/net/${name}`, "utf8").split("\n") : [];
    const words = lines.map((line) => line.trim().split(/\s+/)).filter((words) => words[3] === "0A");
    return words.map((words) => parseInt(words[1].split(":")[1], 16));
  });
  const own = ports.filter((found) => found !== databasePort).sort((a, b) => a - b);
  return own.includes(port) ? port : own[0];
}

function listen(server, name) {
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen({ path: path.join(folder, name), readableAll: true, writableAll: true }, resolve);
  });
}

/** Leads a connection to where `target` says. */
function leading(target) {
  return (from) => {
    const where = target();
    from.on("error", () => from.destroy());
    if (!where) return from.destroy();
    const to = net.connect({ ...where, allowHalfOpen: true, noDelay: true });
    to.on("error", () => from.destroy());
    from.on("close", () => to.destroy());
    from.pipe(to).pipe(from);
  };
}

const serving = (lead) => net.createServer({ allowHalfOpen: true, noDelay: true }, lead);

let child;
let stopping;
let measuring = true;
let peak = 0;

function measure() {
  if (!measuring || !child?.pid) return;
  const processes = family(child.pid);
  const sum = (key) => processes.reduce((total, found) => total + found[key], 0) * 1024;
  peak = Math.max(peak, sum("peak"));
  if (memory && sum("held") > memory) {
    measuring = false;
    say(`out of memory: the limit is ${memory} bytes`);
    for (const { pid } of processes) process.kill(pid, "SIGKILL");
  }
}

function start() {
  const options = heap ? `--max-old-space-size=${heap} ${process.env.NODE_OPTIONS ?? ""}`.trim() : undefined;
  const env = options ? { ...process.env, NODE_OPTIONS: options } : process.env;
  child = spawn(argv[0], argv.slice(1), { stdio: ["ignore", "inherit", "inherit"], env });
  child.on("error", (error) => {
    say(`cannot start ${argv[0]}: ${error.message}`);
    process.exit(127);
  });
  child.on("exit", (code, signal) => {
    if (stopping) return stopping({ code, signal });
    say(signal ? `ended by ${signal}` : `ended with ${code}`);
    process.exit(code ?? 128 + os.constants.signals[signal]);
  });
  setInterval(measure, POLL);
}

const answers = {
  "/memory": (reply) => {
    measure();
    reply({ peak });
  },
  "/addons": (reply) => {
    measuring = false;
    const script = [path.join(folder, "addons.js"), process.cwd()];
    execFile(process.execPath, script, { maxBuffer: 1 << 26 }, (error, stdout) => {
      reply(error ? { error: error.message } : JSON.parse(stdout));
    });
  },
  "/stop": (reply) => {
    measuring = false;
    stopping = (ended) => {
      reply(ended);
      setTimeout(() => process.exit(0), POLL);
    };
    child.kill("SIGTERM");
  },
};

async function main() {
  const unset = unsetVariables();
  if (unset.length > 0) say(`not set: ${unset.join(" ")}`);
  await listen(serving(leading(() => listening() && { host: "127.0.0.1", port: listening() })), "http");
  const control = http.createServer((request, response) => {
    const answer = answers[request.url] ?? ((reply) => reply({ error: "unknown" }));
    answer((value) => response.end(JSON.stringify(value)));
  });
  await listen(control, "control");
  const lead = leading(() => ({ path: path.join(folder, "database") }));
  const database = serving(encryptsDatabase ? decrypting(lead) : lead);
  await new Promise((resolve, reject) => database.on("error", reject).listen(databasePort, "127.0.0.1", resolve));
  start();
}

main().catch((error) => {
  say(`cannot start: ${error.message}`);
  process.exit(126);
});
