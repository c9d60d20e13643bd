// What the page brings: components and databases, within scripts, since the page may connect to nothing.

/** The bytes of a part. */
export async function part(name) {
  const { default: text } = await import(`../parts/${name}.js`);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
