// The records of a batch: one a line. Blank lines are none; the reader writes nothing else than line feeds there.

export function lines(records) {
  return records.split("\n").filter((line) => line !== "");
}
