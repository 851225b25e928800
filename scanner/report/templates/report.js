"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("data").textContent);
  const text = (number) => data.texts[number];
  const texts = (numbers) => numbers.map(text);
  const pairs = (numbers) => texts(numbers).reduce((all, each, i) => (i % 2 ? all[all.length - 1].push(each) : all.push([each]), all), []);
  const STUCK = new Set(["blocked", "no", "unknown"]);
  const ORDER = ["blocked", "no", "unknown", "in_guest", "managed", "yes"];
  const MEANS = {yes: "Azure upgrades the OS image by itself", managed: "another Azure service owns the rollout", in_guest: "the guest patches itself; the image stays", no: "a person or a pipeline has to do it", blocked: "enabled, but the upgrade cannot run", unknown: "something that decides was not read"};
  const NAMES = {yes: "Automatic", managed: "Managed", in_guest: "In guest", no: "Not automatic", blocked: "Blocked", unknown: "Not known"};
  const PAGE = 100;
  find("details").remove(); // for readers without JavaScript: here the panel has the places of the same names

  // One finding and one scale set, from the places in which they were written.
  const finding = (f) => ({rule: text(f[0]), severity: text(f[1]), reason: text(f[2]), since: text(f[3]), remediation: text(f[4]), exemption: text(f[5]), evidence: pairs(f[6])});
  const NAMED = ["name", "headline", "environment", "application", "ring", "owner", "subscription", "group", "location", "id", "readiness", "readAt", "verdicts"];
  const sets = data.rows.map((row, place) => {
    const set = {slug: row[0], place, row, open: row[15]};
    NAMED.forEach((name, i) => { set[name] = text(row[i + 1]); });
    return set;
  });
  const bySlug = new Map(sets.map((set) => [set.slug, set]));

  // Elements: text is always text.
  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  const icon = (name) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", `icon i-${name}`);
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#i-${name}`);
    svg.append(use);
    return svg;
  };
  const facts = (kind, list) => make("dl", {class: kind}, ...list.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  const list = (items) => make("ul", {class: "why"}, ...items.map((item) => make("li", {}, item)));
  const command = (said) => make("pre", {tabindex: "0"}, ...said.split("\n").flatMap((line, i) => [i ? "\n" : "", ...(line.startsWith("#") ? [line] : line.split(" --").flatMap((part, j) => [j ? " " : "", make("span", {class: "arg"}, (j ? "--" : "") + part)]))]));
  const told = (f) => {
    const parts = [make("p", {}, make("span", {class: `sev sev-${f.severity}`}, f.severity), " ", make("b", {}, f.rule), data.rules[f.rule] ? ` ${data.rules[f.rule]}` : "", ...(f.since ? [" ", make("span", {class: "muted"}, `since ${f.since}`)] : []))];
    if (f.reason) parts.push(make("p", {}, f.reason));
    if (f.exemption) parts.push(make("p", {class: "agreed"}, f.exemption));
    if (f.evidence.length) parts.push(facts("evidence", f.evidence));
    if (f.remediation) parts.push(make("p", {class: "label"}, "Remediation"), command(f.remediation));
    else parts.push(make("p", {class: "muted"}, `vmss-posture explain ${f.rule} shows the remediation.`));
    return make("li", {class: "finding"}, ...parts);
  };
  const details = (set) => {
    const row = set.row, head = (words) => make("h4", {}, words), reasons = texts(row[16]);
    const open = row[17].map(finding), exempt = row[18].map(finding), unknown = texts(row[19]);
    const known = pairs(row[20]), unread = texts(row[21]), changes = pairs(row[22]), instances = pairs(row[23]);
    const labels = [["Environment", set.environment || "no tag"], ["Application", set.application || "no tag"], ["Ring", set.ring || "no tag"], ["Owner", set.owner || "no tag"], ["Region", set.location || "not known"], ["Resource group", set.group || "not known"], ["Subscription", set.subscription || "not known"], ["Last read", set.readAt + (row[14] ? " (not by the last scan)" : "")]];
    const parts = [make("p", {class: "where"}, make("span", {class: `badge h-${set.headline}`}, icon(set.headline), NAMES[set.headline]), ` ${MEANS[set.headline]}`), facts("facts", labels), make("p", {class: "id"}, make("code", {}, set.id))];
    if (reasons.length) parts.push(head("Why"), list(reasons));
    if (set.readiness) parts.push(make("p", {}, set.readiness));
    if (open.length) parts.push(head("Open findings"), make("ul", {class: "plainlist"}, ...open.map(told)));
    if (exempt.length) parts.push(head("Exempt"), make("ul", {class: "plainlist"}, ...exempt.map(told)));
    if (unknown.length) parts.push(head("Not decided"), list(unknown.map((rule) => `${rule} ${data.rules[rule] || ""}`)));
    parts.push(make("p", {class: "muted"}, set.verdicts));
    if (instances.length) parts.push(head("Instances"), facts("facts", instances));
    if (changes.length) parts.push(head("Changes"), facts("times", changes));
    if (known.length) parts.push(head("Facts"), facts("facts", known));
    if (unread.length) parts.push(make("p", {class: "muted"}, `Not read: ${unread.join(", ")}.`));
    return parts;
  };

  // The panel with the details of one scale set: its address is a link to it.
  const panel = find("panel");
  let before = "";
  const open = (set) => {
    find("panel-title").textContent = set.name;
    find("panel-body").replaceChildren(...details(set));
    if (!panel.open) panel.showModal();
    panel.scrollTop = 0;
    find("panel-title").focus();
  };
  find("close").addEventListener("click", () => panel.close());
  panel.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
  panel.addEventListener("close", () => { if (bySlug.has(location.hash.slice(1))) history.replaceState(null, "", before || "#find"); });

  // The table: filter, sort, and a part of the rows at a time.
  const table = find("sets"), body = table.tBodies[0], rows = [...body.rows], form = find("filter");
  rows.forEach((row, i) => { row.cells[0].firstElementChild.href = `#${sets[i].slug}`; });
  const searched = sets.map((set) => [set.name, set.id, set.owner, set.application, set.environment, ...texts(set.row[16]), ...set.row[17].map((f) => text(f[2]))].join("\n").toLowerCase());
  const failed = sets.map((set) => new Set([...set.row[17], ...set.row[18]].map((f) => text(f[0])).concat(texts(set.row[19]))));
  const WORDS = ["q", "headline", "severity", "environment", "application", "owner", "subscription", "rule"];
  let sort = {name: "", down: false}, limit = PAGE, shown = sets;
  const chosen = () => Object.fromEntries(WORDS.map((name) => [name, form.elements[name] ? form.elements[name].value : ""]));
  const severe = (set, least) => { const [high, medium, low] = set.open; return high + (least === "high" ? 0 : medium) + (least === "low" ? low : 0) > 0; };
  const fits = (set, want, words) =>
    (!want.headline || (want.headline === "stuck" ? STUCK.has(set.headline) : set.headline === want.headline)) &&
    (!want.severity || severe(set, want.severity)) &&
    ["environment", "application", "owner", "subscription"].every((name) => !want[name] || set[name] === want[name]) &&
    (!want.rule || failed[set.place].has(want.rule)) && words.every((word) => searched[set.place].includes(word));
  const KEYS = {
    name: (a, b) => a.name.localeCompare(b.name), owner: (a, b) => a.owner.localeCompare(b.owner), application: (a, b) => a.application.localeCompare(b.application) || a.environment.localeCompare(b.environment),
    headline: (a, b) => ORDER.indexOf(a.headline) - ORDER.indexOf(b.headline),
    open: (a, b) => b.open[0] - a.open[0] || b.open[1] - a.open[1] || b.open[2] - a.open[2],
  };
  const draw = () => {
    body.replaceChildren(...shown.slice(0, limit).map((set) => rows[set.place]));
    const n = Math.min(limit, shown.length), count = (number) => number.toLocaleString("en");
    find("shown").textContent = shown.length === 0 ? "No scale set matches." : `${count(n)} of ${count(shown.length)} ${shown.length === sets.length ? "scale sets" : `that match, of ${count(sets.length)}`} shown.`;
    find("more").hidden = n === shown.length;
  };
  const apply = () => {
    const want = chosen(), words = want.q.toLowerCase().split(/\s+/).filter(Boolean);
    shown = sets.filter((set) => fits(set, want, words));
    if (sort.name) shown.sort((a, b) => (sort.down ? -1 : 1) * KEYS[sort.name](a, b) || a.place - b.place);
    limit = PAGE;
    draw();
  };
  const address = () => {
    const said = new URLSearchParams(Object.entries(chosen()).filter(([, value]) => value));
    if (sort.name) said.set("sort", (sort.down ? "-" : "") + sort.name);
    const asked = said.toString();
    history.replaceState(null, "", asked ? `#find?${asked}` : "#find");
  };
  const mark = () => table.tHead.querySelectorAll("th[data-sort]").forEach((th) => {
    if (th.dataset.sort === sort.name) th.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  });
  const take = (asked) => {
    for (const name of WORDS) if (form.elements[name]) form.elements[name].value = asked.get(name) || "";
    const by = asked.get("sort") || "", name = by.replace(/^-/, "");
    sort = KEYS[name] ? {name, down: by.startsWith("-")} : {name: "", down: false};
    mark();
    apply();
  };
  table.tHead.querySelectorAll("th[data-sort]").forEach((th) => {
    const button = make("button", {type: "button"}, th.textContent);
    th.replaceChildren(button);
    button.addEventListener("click", () => {
      sort = {name: th.dataset.sort, down: sort.name === th.dataset.sort && !sort.down};
      mark(); apply(); address();
    });
  });
  form.addEventListener("input", () => { apply(); address(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { sort = {name: "", down: false}; mark(); apply(); address(); }));
  find("more").addEventListener("click", () => { limit += PAGE; draw(); });
  addEventListener("beforeprint", () => { limit = Infinity; draw(); });

  // Addresses: a scale set, a filter, or a section.
  const go = () => {
    const hash = location.hash.slice(1), set = bySlug.get(hash);
    if (set) return open(set);
    if (panel.open) panel.close();
    before = location.hash;
    if (hash.startsWith("find?")) { take(new URLSearchParams(hash.slice(5))); find("find").scrollIntoView(); }
    return undefined;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-find]");
    if (!link) return;
    event.preventDefault();
    location.hash = `find?${link.dataset.find}`;
  });
  addEventListener("hashchange", go);
  const theme = find("theme"), root = document.documentElement;
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const name = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();
  table.classList.add("ready");
  apply();
  go();
})();
