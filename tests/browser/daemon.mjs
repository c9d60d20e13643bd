// A running exotrace that has something to show in every panel of the status page, at a time that is always the same.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { setTimeout as sleep } from "node:timers/promises";
import { top } from "./launch.mjs";

const PROGRAM = join(top, "target/release/exotrace");
const NOW = "2026-03-04T12:00:30Z";
export const TOKEN = "a-token-that-nobody-guesses";
/** A name that would be obeyed if it were taken for HTML. */
export const EVIL = "<img src=x onerror=alert(1)>";

const architecture = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch];
const library = join(top, `target/tools/faketime/root/usr/lib/${architecture}/faketime/libfaketimeMT.so.1`);
// The same for all processes, so that their clocks agree.
const offset = Math.round((Date.parse(NOW) - Date.now()) / 1000);
const environment = {
  ...process.env, LD_PRELOAD: library, FAKETIME: `${offset >= 0 ? "+" : ""}${offset}`, FAKETIME_DONT_FAKE_MONOTONIC: "1", NO_COLOR: "1",
};
for (const name of ["EXOTRACE_CONFIG", "EXOTRACE_LOG", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]) delete environment[name];

/** What stands in the history besides what the test delivers: week-long, and the same each time. */
const SEED = `
import sqlite3, sys, math
ledger = sqlite3.connect(sys.argv[1])
now = int(sys.argv[2]) // 300000 * 300000
source = ledger.execute("SELECT id FROM source WHERE covered_until IS NOT NULL").fetchone()[0]
for step in range(1, 7 * 288):
    rows = int(120 + 90 * math.sin(step / 45)) + step % 11
    failed, dropped, rejected = (2 if step % 7 == 0 else 0), step % 3, (30 if step % 96 == 0 else 0)
    late = 6 if step % 60 == 0 else 0
    values = (source, now - step * 300000, 1, rows, rows - dropped - rejected, failed, dropped, rejected, 1, late, 60000 + step % 50 * 2000)
    ledger.execute("INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
for begin, end, reason in [(30, 27, "the service refused every way to read them"), (9, 8.6, "older than the service keeps records")]:
    ledger.execute("INSERT INTO gap VALUES (?, ?, ?, ?)", (source, int(now - begin * 3600000), int(now - end * 3600000), reason))
ledger.execute("UPDATE source SET late = 198, changed = 41 WHERE id = ?", (source,))
ledger.commit()
`;

/** Waits for something, but not for ever. */
export async function waitFor(what, condition) {
  for (const end = Date.now() + 120_000; Date.now() < end; await sleep(100)) {
    const found = await condition();
    if (found) return found;
  }
  throw new Error(`waited in vain for ${what}`);
}

/** A receiver of documents: refuses some for good, and all of them for a while when it is told to. */
class Receiver {
  isDown = false;

  async start() {
    this.server = createServer((request, response) => this.answer(request, response)).listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async answer(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const lines = (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString().trimEnd().split("\n");
    if (this.isDown) return response.writeHead(503).end("no");
    if (!request.url.includes("/_bulk")) return response.writeHead(200).end("{}");
    const refused = (line) => line.includes("refuse-this");
    const error = { type: "document_parsing_exception", reason: "failed to parse field [event.x] of type [long]" };
    const items = lines.filter((_, at) => at % 2 === 1).map((line) => ({ create: refused(line) ? { status: 400, error } : { status: 201 } }));
    response.writeHead(200, { "content-type": "application/json" });
    return response.end(JSON.stringify({ took: 1, errors: items.some((it) => it.create.error), items }));
  }
}

/** Starts all of it. */
export class StatusDaemon {
  folder = mkdtempSync(join(tmpdir(), "exotrace-status-"));
  processes = [];

  start(...parameters) {
    const [command, ...rest] = parameters;
    const started = spawn(command, rest, { cwd: this.folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    started.said = "";
    for (const stream of [started.stdout, started.stderr]) stream.on("data", (data) => { started.said += data; });
    this.processes.push(started);
    return started;
  }

  /** Runs a command to its end, while receivers go on answering. */
  async run(...parameters) {
    const running = this.start(PROGRAM, ...parameters);
    const [status] = await once(running, "exit");
    if (status !== 0) throw new Error(`${parameters.join(" ")} ended with ${status}: ${running.said}`);
  }

  /** Starts a tenant; gives its source under a name. */
  async tenant(name, ...parameters) {
    const tenant = this.start(PROGRAM, "simulate", "--listen", "127.0.0.1:0", "--seed", "7", ...parameters);
    const keys = await waitFor(`the tenant ${name}`, () => /settings for it:\n([^]*local_domains.*\n)/.exec(tenant.said)?.[1]);
    return `[[source]]\nname = "${name}"\n${keys}initial_interval = "2days"\ninterval = "2s"\nrequest_budget = 100000\n`;
  }

  async begin() {
    const [siem, lake] = [await new Receiver().start(), await new Receiver().start()];
    [this.siem, this.lake] = [siem, lake];
    const outputs = `[[output]]\ntype = "elasticsearch"\nname = "siem"\nurl = "${siem.url}"\n\n[[output]]\ntype = "http"\nname = "lake"\nurl = "${lake.url}/in"\n`;
    const head = 'state_dir = "state"\nlisten = "127.0.0.1:0"\nlisten_token_file = "token"\n\n';
    const contoso = await this.tenant("contoso", "--rows", "600", "--span", "2d");
    const settings = join(this.folder, "exotrace.toml");
    writeFileSync(join(this.folder, "token"), TOKEN);
    chmodSync(join(this.folder, "token"), 0o600);
    writeFileSync(settings, head + contoso + outputs);
    await this.run("run", "--once", "--config", "exotrace.toml");
    const seeded = spawnSync("python3", ["-c", SEED, join(this.folder, "state/ledger.sqlite3"), String(Date.parse(NOW))], { encoding: "utf8" });
    if (seeded.status !== 0) throw new Error(seeded.stderr);
    mkdirSync(join(this.folder, "in"));
    writeFileSync(join(this.folder, "in", `${EVIL}.csv`), "neither,one\nnor,the other\n");
    const under = (tenant, source) => source.replace(/tenant_id = ".*"/, `tenant_id = "${tenant}"`);
    const fabrikam = await this.tenant("fabrikam", "--rows", "300", "--span", "1d", "--fault", "throttle=3");
    const sources = [
      contoso,
      // Its window stays under way: after some pages, it is throttled. Simulated tenants have one id and one domain.
      `${under("contoso.com", fabrikam)}batch_size = 20\n`,
      // Nobody knows it.
      under("northwind.example", contoso.replace("contoso", "northwind")),
      `[[source]]\ntype = "file"\nname = "${EVIL}"\npaths = ["in/*"]\ninterval = "1s"\n`,
    ];
    writeFileSync(settings, head + sources.join("\n") + "\n" + outputs);
    this.daemon = this.start(PROGRAM, "run", "--config", "exotrace.toml");
    const address = /"serving metrics and health"[^\n]*"address":"([^"]+)"|"address":"([^"]+)"[^\n]*"serving metrics and health"/;
    this.url = await waitFor("the address", () => {
      const found = address.exec(this.daemon.said);
      return found && `http://${found[1] ?? found[2]}`;
    });
    await this.fillPanels();
    return this;
  }

  async report(query = "") {
    const answer = await fetch(`${this.url}/status.json${query}`, { headers: { authorization: `Bearer ${TOKEN}` } });
    return answer.json();
  }

  /** Puts a file in place that is read as a whole. */
  drop(name, text) {
    const path = join(this.folder, `${name}.part`);
    writeFileSync(path, text);
    copyFileSync(path, join(this.folder, "in", name));
    rmSync(path);
  }

  async fillPanels() {
    await waitFor("the first poll", async () => (await this.report()).sources?.[0].polled_at);
    await waitFor("a window under way", async () => (await this.report()).sources[1].reading);
    await this.run("mapping", "replace", "3.0", "--shadow", "100", "--accept-new-ids", "--config", "exotrace.toml");
    const records = readFileSync(join(top, "fixtures/records/well-formed.ndjson"), "utf8");
    const refused = records.split("\n").slice(0, 3).join("\n").replaceAll(/"(Subject|subject)":"[^"]*"/g, '"$1":"refuse-this"');
    this.drop("records.ndjson", `${records.trimEnd()}\n${refused}\n`);
    await waitFor("the differences", async () => (await this.report()).mapping.status.trial?.differences.different > 0);
    await waitFor("dead letters", async () => (await this.report()).dead_letters.waiting > 0);
    await this.run("mapping", "pin", "--config", "exotrace.toml");
    this.lake.isDown = true;
    this.drop("more.ndjson", records);
    await waitFor("every state", async () => {
      const { sources, outputs, state } = await this.report();
      const states = sources.map((source) => source.state).filter((_, number) => number !== 1).join(" ");
      return state === "needs_attention" && states === "working needs_attention needs_attention" && outputs[1].waits_since
        && sources[1].reading && sources[3].files_in_trouble.length === 1;
    });
  }

  async end() {
    for (const process of this.processes) process.kill("SIGKILL");
    for (const receiver of [this.siem, this.lake]) {
      receiver?.server.closeAllConnections();
      receiver?.server.close();
    }
    if (existsSync(this.folder)) rmSync(this.folder, { recursive: true, force: true });
  }
}
