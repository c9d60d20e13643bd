// What stands in the fields.

const element = (id) => document.getElementById(id);
const linesOf = (id) => element(id).value.split("\n").map((it) => it.trim()).filter(Boolean);

/** All settings, as the worker checks them and as the command line has them. */
export function readForm(suffixList) {
  return {
    localDomains: linesOf("local-domains"),
    tenantId: element("tenant-id").value.trim(),
    tenantName: element("tenant-name").value.trim(),
    tags: linesOf("tags"),
    preserveOriginalEvent: element("preserve").checked,
    options: element("options").value.trim(),
    dateOrder: element("date-order").value || undefined,
    suffixList: suffixList?.text,
    suffixName: suffixList?.name,
  };
}

/** Says beside each field what is wrong with it. */
export function showFieldProblems(problems) {
  for (const id of ["local-domains", "tenant-id", "options"]) {
    const found = problems.filter((it) => it.field === id);
    element(`${id}-problem`).textContent = found.map(({ text, hint }) => (hint ? `${text}; ${hint}` : text)).join("\n");
    element(id).toggleAttribute("aria-invalid", found.length > 0);
    if (found.length > 0) element(id).setAttribute("aria-invalid", "true");
  }
}
