// The panels of the page, each made of the report.

const MOST_SOURCES = 50;

const key = (kind) => shape("svg", { viewBox: "0 0 22 12", "aria-hidden": "true" }, kind === "late"
  ? shape("polygon", { class: "late", points: "4,1 18,1 11,11" })
  : [shape("rect", { class: kind, x: 0, y: 0, width: 22, height: 12 }), kind === "gap"
    && [4, 12, 20].map((at) => shape("line", { class: "hatch", x1: at - 4, x2: at, y1: 12, y2: 0 }))]);

const legend = (entries) => element("ul", { class: "legend" },
  entries.map(([kind, text]) => element("li", {}, key(kind), text)));

function troublePanel(report) {
  const list = report.trouble.map((text) => element("li", {}, plain(text)));
  const body = list.length === 0 ? element("p", {}, "Nothing.") : element("ul", {}, list);
  return panel("trouble", "Needs a person", list.length === 0 ? "fine" : "attention", body);
}

function headPanel(report) {
  const sum = (name) => report.sources.reduce((all, source) => all + source.delivered[name], 0);
  const lag = report.sources.map((source) => source.lag_seconds).filter((it) => it !== null);
  const tile = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
  return panel("now", "Now", "", element("dl", { class: "tiles" },
    tile("state", state(report.state)),
    tile("rows in this time", number(sum("rows"))),
    tile("documents", number(sum("documents"))),
    tile("late rows", number(sum("late"))),
    tile("gaps", number(report.sources.reduce((all, source) => all + source.gap_count, 0))),
    tile("largest lag", element("span", { class: "passing" }, lag.length === 0 ? "not known yet" : length(Math.max(...lag)))),
    tile("dead letters", number(report.dead_letters.waiting)),
    tile("mapping", plain(report.mapping.status.mapping))));
}

/** What is inside of a source that is opened. */
function sourceInside(source, report) {
  const row = (name, value) => [name, value];
  const { requests, backfill, delivered } = source;
  const facts = [
    row("covered", coverageText(source)),
    source.reading && row("being read", `${time(source.reading.start)} to ${time(source.reading.end)}${source.reading.reached ? `, down to ${time(source.reading.reached)}` : ""}`),
    row("in this time", `${number(delivered.rows)} rows, ${number(delivered.documents)} documents, ${number(delivered.changed)} changed, ${number(delivered.late)} late`),
    row("ever", `${number(source.rows)} rows, ${number(source.changed)} changed, ${number(source.late)} late`),
    row("last page", moment(source.polled_at)),
    source.failed_at && row("failed", moment(source.failed_at)),
    source.reason && row("reason", plain(source.reason)),
    source.token_until && row("token ends", moment(source.token_until)),
    requests && row("requests", `${number(requests.sent)} of ${number(requests.budget)} in ${length(requests.window_seconds)}`),
    backfill && row("backfill", `${time(backfill.from)} to ${time(backfill.to)}: ${Math.floor(backfill.fraction * 100)} % read`),
    !report.has_reasons && source.failed_at && row("why", "`exotrace status` shows it; here it needs a token"),
  ].filter(Boolean);
  const name = plain(source.name);
  const gaps = source.gaps.map((gap) => [moment(gap.start), moment(gap.end), plain(gap.reason)]);
  const more = source.gap_count > source.gaps.length && element("p", { class: "note" }, `and ${number(source.gap_count - source.gaps.length)} earlier gaps`);
  const late = source.late_rows.map((it) => [moment(it.at), { number: it.rows }]);
  return element("div", { class: "inside" },
    table(`about ${name}`, ["what", "value"], facts, ""),
    source.has_coverage && [element("h3", {}, "Gaps"), table(`gaps of ${name}`, ["from", "to", "reason"], gaps, "There are none."), more],
    late.length > 0 && [element("h3", {}, "Late rows"), table(`late rows of ${name}`, ["found", "rows"], late, "", "tall")]);
}

function sourceRow(source, report, view) {
  const id = `source:${source.name}`;
  const summary = element("summary", { "data-key": id },
    element("span", { class: "name" }, plain(source.name)),
    state(source.state),
    element("span", { class: "bar" }, timeline(source, report.span)),
    element("span", { class: "told" }, coverageText(source)));
  const details = element("details", { class: "source" }, summary);
  const show = () => details.open && details.children.length === 1 && details.append(sourceInside(source, report));
  details.open = view.open.has(id);
  show();
  details.addEventListener("toggle", () => {
    view.open[details.open ? "add" : "delete"](id);
    show();
  });
  return details;
}

function coveragePanel(report, view) {
  const rows = element("div", { class: "sources" });
  const more = element("p", { class: "note", role: "status" });
  const draw = () => {
    const wanted = view.filter.toLowerCase();
    const found = report.sources.filter((source) => source.name.toLowerCase().includes(wanted));
    const shown = view.all ? found : found.slice(0, MOST_SOURCES);
    rows.replaceChildren(...shown.map((source) => sourceRow(source, report, view)));
    more.replaceChildren(`${number(shown.length)} of ${number(report.sources.length)} sources `);
    if (shown.length < found.length) {
      const button = element("button", { type: "button", "data-key": "all" }, `show all ${number(found.length)}`);
      button.addEventListener("click", () => { view.all = true; draw(); });
      more.append(button);
    }
  };
  draw();
  const isLong = report.sources.length > 12;
  const input = element("input", { type: "search", "data-key": "filter", autocomplete: "off" });
  input.value = view.filter;
  input.addEventListener("input", () => { view.filter = input.value; draw(); });
  return panel("coverage", "Coverage by time of receipt", "",
    legend([["covered", "covered"], ["reading", "being read"], ["gap", "gap: rows may be missing"], ["late", "late rows were found then"], ["ground", "not read"]]),
    isLong && element("p", {}, element("label", {}, "find a source ", input)), isLong && more,
    axis(report.span, "timeline"), rows);
}

function historyPanel(report, view) {
  const rows = [...report.history].reverse().map((step) => {
    const counts = outcomes(step);
    return [moment(step.at), ...[step.rows, counts.mapped, counts.failed, counts.dropped, counts.rejected, step.changed, step.late].map((it) => ({ number: it }))];
  });
  const columns = ["from", "rows", "mapped", "mapped in part", "dropped", "dead letters", "changed", "late"];
  return panel("history", `Rows by time of delivery, ${length(report.span.step_seconds)} each`, "half",
    legend(OUTCOMES), bars(report.history, report.span), asTable(view, "history", table("rows over time", columns, rows, "Nothing was delivered in this time.", "tall")),
    element("p", { class: "note" }, "Directions and delivery statuses are in the documents, which exotrace does not look into: ask where they are stored."));
}

/** A table that is opened when somebody wants it. */
function asTable(view, id, content) {
  const details = element("details", {}, element("summary", { "data-key": `table:${id}` }, "as a table"), content);
  details.open = view.open.has(`table:${id}`);
  details.addEventListener("toggle", () => view.open[details.open ? "add" : "delete"](`table:${id}`));
  return details;
}

function lagPanel(report, view) {
  const rows = [...report.history].reverse().filter((step) => step.lag_seconds !== undefined)
    .map((step) => [moment(step.at), length(step.lag_seconds)]);
  return panel("lag", "Lag: age of the newest row when it was delivered", "half", lags(report.history, report.span),
    asTable(view, "lag", table("lag", ["from", "least lag"], rows, "Nothing was delivered in this time.", "tall")));
}

function budgetPanel(report) {
  const limited = report.sources.filter((source) => source.requests);
  const meters = limited.slice(0, MOST_SOURCES).map(({ name, requests: { sent, budget, window_seconds } }) => {
    const text = `${number(sent)} of ${number(budget)} in ${length(window_seconds)}`;
    const meter = element("meter", { min: 0, max: budget, high: budget * 0.9, optimum: 0, "aria-label": `requests of ${plain(name)}: ${text}` });
    meter.value = sent;
    return [element("span", {}, plain(name)), meter, element("span", {}, text)];
  });
  const more = limited.length > MOST_SOURCES && element("p", { class: "note" }, `and ${number(limited.length - MOST_SOURCES)} more sources`);
  const body = meters.length === 0 ? element("p", { class: "empty" }, "No source has one.") : element("div", { class: "budget" }, meters);
  return panel("budget", "Request budget", "half", body, more);
}

function outputsPanel(report) {
  const rows = report.outputs.map((it) => [plain(it.name), it.type, state(it.state), moment(it.waits_since),
    waitsFor(it, report), { number: it.delivered }, { number: it.duplicates }, { number: it.rejected }, { number: it.retries }]);
  const columns = ["output", "type", "state", "waits since", "for", "delivered", "there already", "rejected", "retries"];
  return panel("outputs", "Outputs", "", table("outputs", columns, rows, "There are none."),
    element("p", { class: "note" }, "Numbers are those of this process."));
}

function waitsFor(output, report) {
  if (output.reason) return plain(output.reason);
  if (!output.waits_since) return "";
  const kind = output.needs_person ? "a person" : "an answer";
  return report.has_reasons ? kind : `${kind}; with a token, the reason is here`;
}

function partsPanel(report) {
  const rows = report.parts.map((it) => [words(it.part), state(it.state), moment(it.since), plain(it.reason)]);
  return panel("parts", "Other parts", "half", table("other parts", ["part", "state", "since", "reason"], rows, "No run has begun yet."));
}

function deadLettersPanel(report) {
  const rows = report.dead_letters.reasons.map((it) => [`${it.stage} ${plain(it.output ?? it.source)}`, { number: it.letters },
    plain(it.mapping), moment(it.first), moment(it.last), plain(it.reason)]);
  const columns = ["refused by", "dead letters", "mapping", "first", "last", "reason"];
  const note = rows.length > 0 && !report.has_reasons && element("p", { class: "note" }, "Reasons need a token here; `exotrace replay --list` shows them.");
  return panel("dead-letters", "Dead letters", "", table("dead letters", columns, rows, "None wait."), note);
}

function filesPanel(report) {
  const rows = report.sources.flatMap((source) => source.files_in_trouble.map((file) =>
    [plain(file.path ?? "(needs a token)"), plain(source.name), moment(file.since), file.needs_person ? "yes" : "no", plain(file.reason)]));
  return panel("files", "Files in trouble", "", table("files in trouble", ["file", "source", "since", "needs a person", "reason"], rows, "There are none."));
}

function mappingPanel(report) {
  const { status, in_use: inUse, history } = report.mapping;
  const short = (digest) => element("code", { title: digest }, plain(digest).slice(0, 12));
  const using = inUse.map((it) => [plain(it.mapping), it.role, short(it.digest), { number: it.instances }, bytes(it.memory_bytes)]);
  const events = history.map((it) => [moment(it.time), words(it.event), plain(it.mapping), short(it.digest), plain(it.by), plain(it.reason)]);
  const about = [status.is_pinned && "It is pinned.", status.is_chosen && "It was chosen in place of the one that the settings name.",
    status.probation && `Mapping ${plain(status.probation.mapping)} is kept ready for ${length(status.probation.seconds_left)} more.`].filter(Boolean);
  return panel("mapping", `Mapping ${plain(status.mapping)}`, "", about.length > 0 && element("p", {}, about.join(" ")),
    table("mappings in use", ["mapping", "role", "digest", "instances", "memory"], using, "None yet."),
    element("h3", {}, "History"),
    table("history of the mapping", ["time", "event", "mapping", "digest", "by", "reason"], events, "Nothing happened yet.", "tall"));
}

function trialPanel(report) {
  const trial = report.mapping.status.trial;
  if (!trial) return panel("trial", "Trial", "", element("p", { class: "empty" }, "No mapping is on trial."));
  const found = trial.differences;
  const fields = Object.entries(found.fields).map(([name, field]) => [plain(name), { number: field.added }, { number: field.removed },
    { number: field.changed }, field.examples.map((it) => element("div", {}, element("code", {}, `${plain(it.before ?? "nothing")} → ${plain(it.after ?? "nothing")}`)))]);
  const changed = Object.entries(found.outcomes).map(([name, count]) => `${number(count)} ${plain(name)}`);
  const about = [
    `${trial.mode === "canary" ? "Canary" : "Shadow"} of mapping ${plain(trial.mapping)} with ${trial.percent} %: ${number(found.records)} records compared, ${number(found.different)} differ, ${number(found.different_ids)} with another _id.`,
    changed.length > 0 && `Outcomes: ${changed.join(", ")}.`, found.schema_change && `The schema changes: ${plain(found.schema_change)}.`,
    found.in_other_fields > 0 && `${number(found.in_other_fields)} more differences are in fields that are not told apart.`,
  ].filter(Boolean);
  return panel("trial", "Trial", "", about.map((text) => element("p", {}, text)),
    table("fields that differ", ["field", "added", "removed", "changed", "shapes of values"], fields, "No field differs so far.", "tall"));
}
