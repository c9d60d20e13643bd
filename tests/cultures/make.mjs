// Writes what CLDR knows about dates: the words that the reader of dates knows, and the table that its test reads.
//
// usage: npm ci --ignore-scripts && node make.mjs WORDS.tsv DATES.tsv

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const main = 'node_modules/cldr-dates-full/main';

// Cultures whose dates are in the table: a name of .NET, and that of CLDR where it is another.
const CULTURES = {
  'en-US': 'en', 'en-GB': 'en-GB', 'en-CA': 'en-CA', 'en-AU': 'en-AU', 'en-NZ': 'en-NZ', 'en-IE': 'en-IE',
  'en-IN': 'en-IN', 'en-ZA': 'en-ZA', 'en-SG': 'en-SG', 'fr-FR': 'fr', 'fr-CA': 'fr-CA', 'fr-BE': 'fr-BE',
  'fr-CH': 'fr-CH', 'de-DE': 'de', 'de-AT': 'de-AT', 'de-CH': 'de-CH', 'nl-NL': 'nl', 'nl-BE': 'nl-BE', 'it-IT': 'it',
  'it-CH': 'it-CH', 'es-ES': 'es', 'es-MX': 'es-MX', 'es-AR': 'es-AR', 'es-CL': 'es-CL', 'es-CO': 'es-CO',
  'es-PE': 'es-PE', 'es-US': 'es-US', 'ca-ES': 'ca', 'pt-BR': 'pt', 'pt-PT': 'pt-PT', 'sv-SE': 'sv', 'da-DK': 'da',
  'nb-NO': 'nb', 'fi-FI': 'fi', 'is-IS': 'is', 'pl-PL': 'pl', 'cs-CZ': 'cs', 'sk-SK': 'sk', 'sl-SI': 'sl',
  'hr-HR': 'hr', 'sr-Latn-RS': 'sr-Latn', 'hu-HU': 'hu', 'ro-RO': 'ro', 'bg-BG': 'bg', 'el-GR': 'el', 'tr-TR': 'tr',
  'ru-RU': 'ru', 'uk-UA': 'uk', 'et-EE': 'et', 'lv-LV': 'lv', 'lt-LT': 'lt', 'ja-JP': 'ja', 'ko-KR': 'ko',
  'zh-CN': 'zh', 'zh-TW': 'zh-Hant', 'zh-HK': 'zh-Hant-HK', 'th-TH': 'th', 'vi-VN': 'vi', 'id-ID': 'id',
  'ms-MY': 'ms', 'hi-IN': 'hi', 'he-IL': 'he', 'ar-SA': 'ar-SA', 'ar-AE': 'ar-AE', 'ar-EG': 'ar-EG',
};

// The day is the 20th in one, and cannot be told from the month in the other.
const INSTANTS = [[2026, 11, 20, 8, 1, 2], [2026, 11, 20, 14, 37, 1], [2026, 4, 3, 0, 5, 9], [2026, 4, 3, 12, 30, 0]];

const gregorian = (locale) =>
  JSON.parse(readFileSync(`${main}/${locale}/ca-gregorian.json`)).main[locale].dates.calendars.gregorian;
const pattern = (value) => (typeof value === 'string' ? value : value._value);
const pad = (number, length) => String(number).padStart(length, '0');

// The pieces of a pattern: letters that repeat, or a literal.
function* pieces(text) {
  for (const [piece] of text.matchAll(/'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+/g)) {
    if (piece.startsWith("'")) yield ['', piece === "''" ? "'" : piece.slice(1, -1).replaceAll("''", "'")];
    else if (/[A-Za-z]/.test(piece)) yield [piece, ''];
    else yield ['', piece];
  }
}

// How a pattern writes an instant.
function write(text, calendar, [year, month, day, hour, minute, second]) {
  const names = (kind, standing, length) => calendar[kind][standing][length];
  const weekday = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][new Date(Date.UTC(year, month - 1, day)).getUTCDay()];
  const width = (letters) => (letters.length === 4 ? 'wide' : 'abbreviated');
  const half = calendar.dayPeriods.format.abbreviated[hour < 12 ? 'am' : 'pm'];
  return [...pieces(text)].map(([letters, literal]) => {
    const length = letters.length;
    switch (letters[0]) {
      case undefined: return literal;
      case 'y': return length === 2 ? pad(year % 100, 2) : String(year);
      case 'M': return length > 2 ? names('months', 'format', width(letters))[month] : pad(month, length);
      case 'L': return length > 2 ? names('months', 'stand-alone', width(letters))[month] : pad(month, length);
      case 'd': return pad(day, length);
      case 'E': return names('days', 'format', width(letters))[weekday];
      case 'c': return names('days', 'stand-alone', width(letters))[weekday];
      case 'H': return pad(hour, length);
      case 'h': return pad(hour % 12 || 12, length);
      case 'K': return pad(hour % 12, length);
      case 'm': return pad(minute, length);
      case 's': return pad(second, length);
      // .NET has no other parts of a day than two.
      case 'a': case 'b': case 'B': return half;
      case 'G': return calendar.eras.eraAbbr[1];
      default: throw new Error(`${letters} in ${text}`);
    }
  }).join('');
}

// Which of day, month and year a pattern has first.
function order(text) {
  const letters = [...pieces(text)].map(([letters]) => letters[0]).filter((letter) => 'yMLd'.includes(letter ?? '-'));
  return letters[0] === 'L' ? 'M' : letters[0].toUpperCase();
}

function dates() {
  const rows = new Set();
  for (const [culture, locale] of Object.entries(CULTURES)) {
    const calendar = gregorian(locale);
    const skeletons = calendar.dateTimeFormats.availableFormats;
    const [dates, times] = [calendar.dateFormats, calendar.timeFormats];
    // .NET takes the date that CLDR has for the skeleton `yMd`; its other dates are those of CLDR's lengths.
    const forms = [
      ['yMd', skeletons.yMd], ['short', dates.short], ['medium', dates.medium], ['long', dates.long], ['full', dates.full],
    ];
    for (const [form, date] of forms) {
      for (const [length, time] of [['long', times.medium], ['short', times.short]]) {
        for (const instant of INSTANTS) {
          const text = `${write(pattern(date), calendar, instant)} ${write(pattern(time), calendar, instant)}`;
          const [year, month, day, hour, minute, second] = instant;
          const seconds = length === 'long' ? second : 0;
          const iso = `${year}-${pad(month, 2)}-${pad(day, 2)}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(seconds, 2)}Z`;
          rows.add([culture, `${form}+${length}`, order(pattern(date)), iso, text].join('\t'));
        }
      }
    }
  }
  return [...rows];
}

// A word as the reader looks it up: in lower case, without points, blanks, marks of direction and apostrophes.
const key = (word) => word.toLowerCase().normalize('NFC').replace(/[\s.,\u200e\u200f\u061c'’׳״॰-]/gu, '');

function words() {
  const months = new Map();
  const others = new Map();
  const halves = new Map();
  const note = (map, word, value) => {
    const text = key(word);
    if (/\p{L}/u.test(text) && !/\d/.test(text)) map.set(text, (map.get(text) ?? new Set()).add(value));
  };
  const languages = new Set(Object.values(CULTURES).flatMap((locale) => [locale, locale.split('-')[0]]));
  for (const locale of languages) {
    const calendar = gregorian(locale);
    for (const standing of ['format', 'stand-alone']) {
      for (const length of ['wide', 'abbreviated']) {
        for (const [number, name] of Object.entries(calendar.months[standing][length])) {
          note(months, name, number);
          // "in November", as Hebrew's own patterns write it.
          if (locale === 'he') note(months, `ב${name}`, number);
        }
        for (const name of Object.values(calendar.days[standing][length])) note(others, name, 'day');
      }
      for (const name of Object.values(calendar.days[standing].short)) note(others, name, 'day');
    }
  }
  // In any language, because there are few of them; where two languages say the opposite, that of the table counts.
  const locales = [...languages, ...readdirSync(main).filter((locale) => !languages.has(locale))];
  let known = new Map();
  for (const locale of locales) {
    if (locale === locales[languages.size]) known = new Map([...halves].map(([word, values]) => [word, [...values][0].split('\t')[0]]));
    const calendar = gregorian(locale);
    const first = order(pattern(calendar.dateTimeFormats.availableFormats.yMd ?? calendar.dateFormats.short));
    for (const length of ['abbreviated', 'wide']) {
      const periods = calendar.dayPeriods.format[length];
      for (const half of ['am', 'pm']) {
        for (const name of [periods[half], periods[`${half}-alt-variant`]]) {
          // One letter of Latin may be anything.
          const isLetter = !languages.has(locale) && [...key(name ?? '')].length < 2;
          if (name && !isLetter && (known.get(key(name)) ?? half) === half) note(halves, name, `${half}\t${first}`);
        }
      }
    }
  }
  const lines = [];
  for (const [word, numbers] of months) {
    // One word for two months says nothing.
    if (numbers.size === 1) lines.push(`month\t${[...numbers][0]}\t${word}`);
    else process.stderr.write(`ambiguous month: ${word} ${[...numbers]}\n`);
  }
  for (const word of others.keys()) if (!months.has(word)) lines.push(`day\t-\t${word}`);
  for (const [word, values] of halves) {
    const [sides, firsts] = [0, 1].map((at) => new Set([...values].map((value) => value.split('\t')[at])));
    if (sides.size > 1) { process.stderr.write(`ambiguous half: ${word}\n`); continue; }
    // When all languages that have the word begin their dates with the same part, then so does the date beside it.
    const first = [...firsts][0];
    lines.push(`${[...sides][0]}\t${firsts.size === 1 && first !== 'M' ? first : '-'}\t${word}`);
  }
  return lines.sort();
}

const [wordsFile, datesFile] = process.argv.slice(2);
const license = '# Made from CLDR 48.2 by tests/cultures/make.mjs. Unicode License v3: https://www.unicode.org/license.txt';
writeFileSync(wordsFile, [license, ...words()].join('\n') + '\n');
writeFileSync(datesFile, [license, ...dates()].join('\n') + '\n');
