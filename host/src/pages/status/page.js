// Asks for the report again and again, and shows it. The token stays in this variable.

const main = document.getElementById("main");
const header = document.querySelector("header");
const view = { open: new Set(), filter: "", all: false, span: "day", source: "", token: null, paused: false, timer: null, asked: 0 };

const PERIODS = { day: 5000, week: 15000, "90days": 60000 };

const about = element("p", { class: "about", id: "about" });
const pause = element("button", { type: "button", "aria-pressed": "false" }, "pause");

/** The choice of the program, without its button: a choice is followed at once. */
function choice(report) {
  const pick = (name, options) => {
    const select = element("select", { name, "data-key": name }, options.map(([value, title]) => element("option", { value }, title)));
    select.value = view[name];
    select.addEventListener("change", () => { view[name] = select.value; ask(); });
    return select;
  };
  const sources = [["", "all"], ...report.sources.map((source) => [source.name, plain(source.name)])];
  return element("form", { id: "choice" },
    element("label", {}, "time ", pick("span", [["day", "last day"], ["week", "last week"], ["90days", "last 90 days"]])),
    element("label", {}, "rows of ", pick("source", sources)), pause);
}

function clusterText(report) {
  const { group, partitions, sources_elsewhere: elsewhere } = report.cluster;
  const [here, held] = [report.sources.length, partitions.length === 0 ? "none" : partitions.join(", ")];
  return `A process of cluster ${plain(group)}, with partitions: ${held}. It collects ${number(here)} of ` +
    `${number(here + elsewhere)} sources; exotrace cluster status shows who collects the others.`;
}

function show(report) {
  document.body.dataset.state = "report";
  document.title = `${report.trouble.length > 0 ? `(${report.trouble.length}) ` : ""}exotrace: ${words(report.state)}`;
  const active = document.activeElement;
  // Somebody is typing.
  const isBusy = main.contains(active) && active.type === "search";
  const [focus, scrolled] = [active?.dataset?.key, scrollPlaces()];
  const form = document.getElementById("choice");
  // What somebody is choosing from stays.
  if (!form || form.dataset.sources !== String(report.sources.length) || form.querySelector("button:not([type])")) {
    const made = choice(report);
    made.dataset.sources = String(report.sources.length);
    form?.remove();
    header.append(made, about);
    made.addEventListener("submit", (event) => event.preventDefault());
  }
  const run = report.run ? `, process ${report.run.pid} since ${time(report.run.began_at)}` : "";
  about.className = "about";
  about.replaceChildren(`exotrace ${plain(report.version)}${run}; as of `, moment(report.at));
  const note = report.has_reasons ? null : element("p", { class: "note" }, "What services and outputs have said is shown only with a token (", element("code", {}, "listen_token_file"), "); ", element("code", {}, "exotrace status"), " shows it, too.");
  const cluster = report.cluster ? element("p", { class: "note" }, clusterText(report)) : null;
  if (isBusy) return;
  main.replaceChildren(...[cluster, troublePanel(report), headPanel(report), coveragePanel(report, view), historyPanel(report, view),
    lagPanel(report, view), outputsPanel(report), budgetPanel(report), partsPanel(report), deadLettersPanel(report),
    filesPanel(report), trialPanel(report), mappingPanel(report), note].filter(Boolean));
  scrollPlaces(scrolled);
  if (focus) {
    const again = [...document.querySelectorAll("[data-key]")].find((node) => node.dataset.key === focus);
    again?.focus({ preventScroll: true });
  }
}

/** How far tables are scrolled, by their names; puts them back there if that is given. */
function scrollPlaces(known) {
  const places = new Map();
  for (const node of main.querySelectorAll(".scroll[data-key]")) {
    const at = known?.get(node.dataset.key);
    if (at) [node.scrollLeft, node.scrollTop] = at;
    places.set(node.dataset.key, [node.scrollLeft, node.scrollTop]);
  }
  return places;
}

/** Asks for the token, once more if it was wrong. */
function askToken(problem) {
  const form = document.getElementById("token-form");
  if (!form) return location.reload();
  document.getElementById("problem")?.remove();
  if (problem) form.before(element("p", { role: "alert", id: "problem" }, problem));
  if (!form.dataset.used) {
    form.dataset.used = "yes";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      view.token = form.elements.token.value.trim();
      view.span = form.elements.span.value;
      form.elements.token.value = "";
      ask();
    });
  }
  return undefined;
}

function stale(problem) {
  about.className = "about stale";
  about.replaceChildren(`${problem} `, "What is shown is old.");
  if (!about.isConnected) header.append(about);
}

async function ask() {
  clearTimeout(view.timer);
  const turn = ++view.asked;
  const query = new URLSearchParams({ span: view.span, source: view.source });
  const headers = view.token ? { Authorization: `Bearer ${view.token}` } : {};
  try {
    const answer = await fetch(`status.json?${query}`, { headers, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(9000) });
    if (turn !== view.asked) return;
    if (answer.status === 401) {
      const wasGiven = view.token !== null;
      view.token = null;
      return askToken(wasGiven ? "The token is wrong." : null);
    }
    if (answer.status === 400 && view.source) view.source = "";
    else if (answer.ok) show(await answer.json());
    else stale(`exotrace answered with status ${answer.status}.`);
  } catch (error) {
    if (turn !== view.asked) return;
    console.warn(error);
    stale("exotrace does not answer.");
  }
  if (!view.paused && !document.hidden) view.timer = setTimeout(ask, PERIODS[view.span]);
}

pause.addEventListener("click", () => {
  view.paused = !view.paused;
  pause.setAttribute("aria-pressed", String(view.paused));
  if (view.paused) clearTimeout(view.timer);
  else ask();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && !view.paused && document.body.dataset.state === "report") ask(); });

const asked = new URLSearchParams(location.search);
if (PERIODS[asked.get("span")]) view.span = asked.get("span");
view.source = asked.get("source") ?? "";
if (document.body.dataset.state === "token") askToken(null);
else ask();
