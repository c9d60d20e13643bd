// Which events a plugin of Tangent gets: any of its selectors, whose predicates hold as their lists say.

/** What a predicate asks of an event: its value in the selector tells where to look and what for. */
const PREDICATES = {
  has: (event, path) => event.has(path),
  eq: (event, [path, wanted]) => equals(event.get(path), wanted),
  prefix: (event, [path, wanted]) => text(event.get(path))?.startsWith(wanted) ?? false,
  in: (event, [path, wanted]) => wanted.some((one) => equals(event.get(path), one)),
  gt: (event, [path, wanted]) => isNumber(event.get(path)) && Number(event.get(path).val) > wanted,
  regex: (event, [path, wanted]) => text(event.get(path))?.match(new RegExp(wanted, 'u')) != null,
};

/** Whether an event is for a plugin with these selectors. */
export function isSelected(selectors, event) {
  const holds = ({ tag, val }) => PREDICATES[tag](event, val);
  return selectors.some(({ any, all, none }) =>
    (any.length === 0 || any.some(holds)) && all.every(holds) && !none.some(holds));
}

function text(scalar) {
  return scalar?.tag === 'str' ? scalar.val : undefined;
}

function isNumber(scalar) {
  return scalar?.tag === 'int' || scalar?.tag === 'float';
}

/** A number is equal to a number of the other kind; all else only to its own kind. */
function equals(found, wanted) {
  if (isNumber(found) && isNumber(wanted)) {
    if (found.tag === wanted.tag && found.tag === 'int') return found.val === wanted.val;
    return Math.abs(Number(found.val) - Number(wanted.val)) < Number.EPSILON;
  }
  if (found?.tag !== wanted.tag) return false;
  return wanted.tag === 'bytes' ? Buffer.compare(found.val, wanted.val) === 0 : found.val === wanted.val;
}
