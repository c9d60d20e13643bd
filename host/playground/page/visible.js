// Text from outside, as people can read it without being deceived.

/** Characters that do not show, or that change how the text beside them is shown. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The same text with such characters as JSON writes them, cut where it is very long. */
export function visible(text, most = 300) {
  const shown = text.replace(HIDDEN, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (shown.length <= most) return shown;
  return `${shown.slice(0, most)} … ${(shown.length - most).toLocaleString("en-US")} more characters`;
}
