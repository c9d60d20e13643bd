// Charts, as SVG. Each has a text that says the same, and a table beside it.

const WIDTH = 1000;
// What is shorter would not be seen.
const LEAST = 4;
const LEAST_MARK = 10;

const tooltip = (text) => shape("title", {}, text);

/** Where moments lie on a chart of this span. */
function scale(span) {
  const [from, to] = [Date.parse(span.from), Date.parse(span.to)];
  const place = (at) => ((Date.parse(at) - from) / (to - from)) * WIDTH;
  return (start, end) => {
    const [first, last] = [Math.max(0, place(start)), Math.min(WIDTH, place(end))];
    if (last < 0 || first > WIDTH || last < first) return null;
    const width = Math.max(LEAST, last - first);
    return { x: Math.min(first, WIDTH - width).toFixed(2), width: width.toFixed(2) };
  };
}

/** The moments below a chart. */
function axis(span, kind = "") {
  const [from, to] = [Date.parse(span.from), Date.parse(span.to)];
  const label = (at) => {
    const text = new Date(at).toISOString();
    return span.name === "day" ? text.slice(11, 16) : text.slice(5, 10);
  };
  const marks = [0, 1, 2, 3, 4, 5, 6].map((part) => label(from + ((to - from) * part) / 6));
  return element("div", { class: `axis ${kind}`, "aria-hidden": "true" }, marks.map((mark) => element("span", {}, mark)));
}

/** What of a span a source has covered, reads and lacks, and where late rows were found. */
function timeline(source, span) {
  const on = scale(span);
  const bar = (kind, start, end, y, height, text) => {
    const place = on(start, end);
    return place && shape("rect", { class: kind, ...place, y, height }, tooltip(text));
  };
  const drawn = [];
  if (source.covered_from && source.covered_until) {
    const text = `covered ${time(source.covered_from)} to ${time(source.covered_until)}`;
    drawn.push(bar("covered", source.covered_from, source.covered_until, 6, 16, text));
  }
  if (source.reading) {
    const { start, end, reached } = source.reading;
    drawn.push(bar("reading", start, end, 6, 16, `being read: ${time(start)} to ${time(end)}`));
    if (reached) drawn.push(bar("covered", reached, end, 6, 16, `read down to ${time(reached)}`));
  }
  for (const gap of source.gaps) {
    const place = on(gap.start, gap.end);
    if (!place) continue;
    drawn.push(bar("gap", gap.start, gap.end, 4, 18, `gap ${time(gap.start)} to ${time(gap.end)}: ${plain(gap.reason)}`));
    // Not by its colour alone.
    const [x, width] = [Number(place.x), Number(place.width)];
    for (let at = x; at < x + width; at += 8) {
      drawn.push(shape("line", { class: "hatch", x1: at, x2: Math.min(at + 5, x + width), y1: 22, y2: 4 }));
    }
  }
  for (const late of source.late_rows) {
    const end = new Date(Date.parse(late.at) + span.step_seconds * 1000).toISOString();
    const place = on(late.at, end);
    if (!place) continue;
    const [x, width] = [Number(place.x), Math.max(LEAST_MARK, Number(place.width))];
    const points = `${x},0 ${x + width},0 ${x + width / 2},8`;
    drawn.push(shape("polygon", { class: "late", points }, tooltip(`${number(late.rows)} late rows found ${time(late.at)}`)));
  }
  const label = coverageText(source);
  return shape("svg", { viewBox: `0 0 ${WIDTH} 22`, preserveAspectRatio: "none", role: "img", "aria-label": label }, drawn);
}

/** The same in words. */
function coverageText(source) {
  if (!source.has_coverage) {
    return `a source of files, whose coverage is not known; ${number(source.delivered.rows)} rows in this time`;
  }
  if (!source.covered_until) return source.reading ? "the first window is being read" : "nothing is covered yet";
  const parts = [`covered ${time(source.covered_from)} to ${time(source.covered_until)}`];
  if (source.reading) parts.push(`reading up to ${time(source.reading.end)}`);
  parts.push(source.gap_count === 0 ? "no gaps" : `${number(source.gap_count)} ${source.gap_count === 1 ? "gap" : "gaps"}`);
  if (source.delivered.late > 0) parts.push(`${number(source.delivered.late)} late rows in this time`);
  return parts.join("; ");
}

const OUTCOMES = [["mapped", "mapped"], ["failed", "mapped in part"], ["dropped", "dropped on purpose"], ["rejected", "dead letters"]];

/** What became of the rows of a step. */
const outcomes = (step) => ({
  mapped: Math.max(0, step.documents - step.failed), failed: step.failed, dropped: step.dropped, rejected: step.rejected,
});

/** A round number that is not less than the largest one. */
function ceiling(largest) {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, largest)));
  return [1, 2, 5, 10].map((factor) => factor * size).find((round) => round >= largest) ?? 1;
}

function chart(span, label, marks, drawn, kind = "") {
  const image = shape("svg", { viewBox: `0 0 ${WIDTH} 100`, preserveAspectRatio: "none", role: "img", "aria-label": label }, drawn);
  const ticks = marks.map((mark) => element("span", {}, mark));
  return element("div", { class: `chart ${kind}` }, element("div", { class: "scale", "aria-hidden": "true" }, ticks), image, axis(span));
}

/** Bars of what was delivered, by outcome. */
function bars(history, span) {
  const on = scale(span);
  const total = (step) => Object.values(outcomes(step)).reduce((sum, count) => sum + count, 0);
  const largest = ceiling(Math.max(1, ...history.map(total)));
  const drawn = history.map((step) => {
    const place = on(step.at, new Date(Date.parse(step.at) + span.step_seconds * 1000).toISOString());
    if (!place) return null;
    let top = 100;
    const counts = outcomes(step);
    const parts = OUTCOMES.filter(([kind]) => counts[kind] > 0).map(([kind]) => {
      const height = (counts[kind] / largest) * 100;
      top -= height;
      return shape("rect", { class: kind, ...place, y: top.toFixed(2), height: height.toFixed(2) });
    });
    const text = OUTCOMES.map(([kind, name]) => `${number(counts[kind])} ${name}`).join(", ");
    return [parts, shape("rect", { class: "reach", ...place, y: 0, height: 100 }, tooltip(`${time(step.at)}: ${text}`))];
  });
  const rows = history.reduce((sum, step) => sum + step.rows, 0);
  const label = `${number(rows)} rows in this time; at most ${number(Math.max(0, ...history.map(total)))} in ${length(span.step_seconds)}`;
  return chart(span, label, [number(largest), number(largest / 2), "0"], drawn);
}

/** How old the newest rows were when they were delivered. */
function lags(history, span) {
  const known = history.filter((step) => step.lag_seconds !== undefined);
  const largest = Math.max(60, ...known.map((step) => step.lag_seconds));
  const on = scale(span);
  const points = known.map((step) => {
    const end = new Date(Date.parse(step.at) + span.step_seconds * 1000).toISOString();
    const place = on(step.at, end);
    return place && { x: Number(place.x) + Number(place.width) / 2, y: 98 - (step.lag_seconds / largest) * 94, step, place };
  }).filter(Boolean);
  const line = shape("polyline", { class: "lag", points: points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ") });
  const dots = points.map(({ x, y, step, place }) => [
    shape("rect", { class: "point", x: (x - 2).toFixed(1), y: (y - 2).toFixed(1), width: 4, height: 4 }),
    shape("rect", { class: "reach", ...place, y: 0, height: 100 }, tooltip(`${time(step.at)}: ${length(step.lag_seconds)}`)),
  ]);
  const label = known.length === 0 ? "nothing was delivered in this time" : `at most ${length(Math.max(...known.map((it) => it.lag_seconds)))}`;
  return chart(span, label, [length(largest), length(largest / 2), "0s"], [line, dots], "low");
}
