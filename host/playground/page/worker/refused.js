// Why something cannot be done, for people: what is wrong and where, and what to do about it.

export class Refused extends Error {
  constructor(text, hint) {
    super(text);
    this.hint = hint;
  }

  /** Takes apart a text of the program, which may have a hint in its last line. */
  static of(text) {
    const [problem, hint] = String(text).split("\nhint: ");
    return new Refused(problem, hint);
  }
}

/** The same as a message to the page. */
export function told(error) {
  if (error instanceof Refused) return { text: error.message, hint: error.hint };
  return {
    text: `the page itself has failed: ${error?.message ?? error}`,
    hint: "load the page again; if it happens again, please report it with this text",
  };
}
