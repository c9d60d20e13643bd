// Reads JSON as Tangent's parser does, simd-json 0.17.0, whose answers were looked up by running it on 2026-11-28.
// It unescapes strings in the buffer that they came in, which is then no JSON any more.

/** A text that the parser refuses. */
export class Refused extends Error {}

const [QUOTE, BACKSLASH, COMMA, COLON] = Buffer.from('"\\,:');
const [OBJECT, OBJECT_END, ARRAY, ARRAY_END] = Buffer.from('{}[]');
const ESCAPES = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** The value of a buffer: integers are BigInts, objects are Maps. The strings of the buffer are overwritten. */
export function parse(buffer) {
  const reader = new Reader(buffer);
  const value = reader.value();
  if (reader.peek() !== undefined) throw new Refused('something stands behind the value');
  return value;
}

class Reader {
  #buffer;
  #at = 0;

  constructor(buffer) { this.#buffer = buffer; }

  /** The next byte that is not white space. */
  peek() {
    for (;; this.#at += 1) {
      const byte = this.#buffer[this.#at];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return byte;
    }
  }

  value() {
    const first = this.peek();
    if (first === QUOTE) return this.#string();
    if (first === OBJECT) return this.#object();
    return first === ARRAY ? this.#array() : this.#scalar();
  }

  #take(expected) {
    if (this.peek() !== expected) throw new Refused(`expected ${String.fromCharCode(expected)} at byte ${this.#at}`);
    this.#at += 1;
  }

  #object() {
    const members = new Map();
    this.#each(OBJECT_END, () => {
      const name = this.#string();
      this.#take(COLON);
      const value = this.value();
      // Of equal names all are kept, and the first is found.
      if (!members.has(name)) members.set(name, value);
    });
    return members;
  }

  #array() {
    const values = [];
    this.#each(ARRAY_END, () => values.push(this.value()));
    return values;
  }

  #each(close, read) {
    this.#at += 1;
    for (let isFirst = true; this.peek() !== close; isFirst = false) {
      if (!isFirst) this.#take(COMMA);
      read();
    }
    this.#at += 1;
  }

  #string() {
    this.#take(QUOTE);
    const start = this.#at;
    let isEscaped = false;
    for (;; this.#at += 1) {
      const byte = this.#buffer[this.#at];
      if (byte === QUOTE) break;
      if (byte === undefined || byte < 0x20) throw new Refused(`a string without an end at byte ${this.#at}`);
      if (byte === BACKSLASH) {
        isEscaped = true;
        this.#at += 1;
      }
    }
    const inner = this.#buffer.toString('utf8', start, this.#at);
    this.#at += 1;
    if (!isEscaped) return inner;
    const value = unescape(inner);
    // In its place; what is left over of the escapes stays behind it.
    this.#buffer.write(value, start, 'utf8');
    return value;
  }

  #scalar() {
    const start = this.#at;
    while (/[-+.0-9a-zA-Z]/.test(String.fromCharCode(this.#buffer[this.#at]))) this.#at += 1;
    const text = this.#buffer.toString('latin1', start, this.#at);
    if (text === 'null') return null;
    if (text === 'true' || text === 'false') return text === 'true';
    if (/^-?(0|[1-9][0-9]*)$/.test(text)) return integer(text);
    const isFloat = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/.test(text);
    if (isFloat && Number.isFinite(Number(text))) return Number(text);
    throw new Refused(`no value at byte ${start}: ${text}`);
  }
}

function integer(text) {
  const value = BigInt(text);
  if (value < -(2n ** 63n) || value >= 2n ** 64n) throw new Refused(`InvalidNumber: ${text}`);
  return value;
}

const ESCAPE = /\\(?:u([dD][89abAB][0-9a-fA-F]{2})(?:\\u([0-9a-fA-F]{4}))?|u([0-9a-fA-F]{4})|([^]))/g;

function unescape(inner) {
  return inner.replace(ESCAPE, (_, first, second, alone, letter) => {
    if (letter !== undefined) {
      if (!(letter in ESCAPES)) throw new Refused(`no escape: ${letter}`);
      return ESCAPES[letter];
    }
    const [high, low, character] = [first, second, alone].map((digits) => Number.parseInt(digits, 16));
    const isSecondHalf = (code) => code >= 0xdc00 && code <= 0xdfff;
    if (alone !== undefined && !isSecondHalf(character)) return String.fromCharCode(character);
    // The first half of a pair alone becomes U+0000, unless the escape of another character stands behind it.
    if (first !== undefined && second === undefined) return '\0';
    if (first !== undefined && isSecondHalf(low)) return String.fromCharCode(high, low);
    throw new Refused('InvalidUnicodeCodepoint');
  });
}
