"use strict";
// The emulator's page: everything it shows comes from /_emulator/v1, and is put in as text.
(() => {
  const API = "/_emulator/v1";
  const LOOK_MS = 1000;
  // Counting a million records must not keep the org busy.
  const LOOK_SHARE = 20;
  const VIEWS = [
    ["", "Overview"], ["jobs", "Jobs"], ["objects", "Objects"], ["query", "Query"],
    ["requests", "Requests"], ["org", "Org"],
  ];
  const view = document.getElementById("view");

  // elements

  const SVG = new Set(["svg", "rect", "title"]);

  function element(name, attributes, ...children) {
    const made = SVG.has(name)
      ? document.createElementNS("http://www.w3.org/2000/svg", name)
      : document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (key === "value" && "value" in made && name !== "progress") made.value = value;
      else made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
    return made;
  }
  const h = new Proxy({}, { get: (_, name) => (attributes, ...children) => element(name, attributes, ...children) });

  const number = (value) => (value === null || value === undefined ? "" : Number(value).toLocaleString("en-US"));
  const clock = (text) => (text ? text.slice(11, 19) : "");
  const short = (text, most = 300) => (text.length > most ? `${text.slice(0, most)}…` : text);
  const pill = (text, tone) => h.span({ class: `pill ${tone}` }, text);
  const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : word.endsWith("ch") ? "es" : "s"}`;

  function cell(value) {
    if (value === null || value === undefined || value === "") return h.td({ class: "null" }, value === "" ? "" : "—");
    if (typeof value === "number") return h.td({ class: "number" }, String(value));
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return h.td({ class: "cut", title: text.length > 40 ? short(text, 1000) : undefined }, short(text));
  }

  function table(label, heads, rows, tall) {
    const columns = heads.map((head) =>
      typeof head === "string" ? h.th({ scope: "col" }, head) : h.th({ scope: "col", class: "number" }, head[0]));
    const body = h.table({}, h.thead({}, h.tr({}, columns)), h.tbody({}, rows));
    // Reached by the keyboard, so that its arrows scroll what is wide.
    return h.div({ class: tall ? "scroll tall" : "scroll", tabindex: "0", role: "region", "aria-label": label, "data-key": label }, body);
  }

  const button = (text, act, kind) => h.button({ type: "button", class: kind, onclick: act, "data-key": text }, text);

  function sureButton(text, act) {
    // Asks in its own words; another place to click would be another place to look.
    const made = button(text, () => {
      if (made.dataset.armed) {
        delete made.dataset.armed;
        made.textContent = text;
        act();
      } else {
        made.dataset.armed = "yes";
        made.textContent = `Really? ${text}`;
      }
    }, "danger");
    made.addEventListener("blur", () => { delete made.dataset.armed; made.textContent = text; });
    return made;
  }

  function copyButton(textOf, label = "Copy") {
    return button(label, async () => {
      const text = textOf();
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        // Without https, only an old way is left.
        const box = h.textarea({ value: text });
        document.body.append(box);
        box.select();
        document.execCommand("copy");
        box.remove();
      }
      say("Copied");
    }, "copy");
  }

  let toastTimer;
  function say(text) {
    const toast = document.querySelector(".toast");
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => { toast.hidden = true; }, 4000);
  }

  // the control API

  class Refused extends Error {
    constructor(status, document) {
      super(document.error || `HTTP ${status}`);
      this.status = status;
      this.document = document;
    }
  }

  async function call(method, path, body) {
    const answer = await fetch(`${API}${path ? "/" : ""}${path}`, {
      method,
      cache: "no-store",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    document.body.classList.remove("away");
    document.querySelector(".gone").hidden = true;
    const told = await answer.json();
    if (!answer.ok) throw new Refused(answer.status, told);
    return told;
  }
  const get = (path) => call("GET", path);

  function away() {
    document.body.classList.add("away");
    document.querySelector(".gone").hidden = false;
  }

  async function change(method, path, body, done) {
    try {
      const told = await call(method, path, body);
      if (done) say(typeof done === "function" ? done(told) : done);
      await look();
      return told;
    } catch (error) {
      if (error instanceof Refused) say(error.message);
      else away();
      return null;
    }
  }

  // what is looked at again and again

  let looking = [];
  let generation = 0;

  function live(path, draw, where = h.div({})) {
    looking.push({ path, draw, where, text: null });
    return where;
  }

  function redraw(entry, told) {
    const key = document.activeElement && entry.where.contains(document.activeElement)
      ? document.activeElement.dataset.key : undefined;
    const places = [...entry.where.querySelectorAll(".scroll")].map((one) => [one.scrollLeft, one.scrollTop]);
    const open = new Set([...entry.where.querySelectorAll("details[open]")].map((one) => one.dataset.key));
    entry.where.replaceChildren(...[entry.draw(told)].flat(3).filter(Boolean));
    entry.where.querySelectorAll("details").forEach((one) => { if (open.has(one.dataset.key)) one.open = true; });
    entry.where.querySelectorAll(".scroll").forEach((one, index) => {
      if (places[index]) [one.scrollLeft, one.scrollTop] = places[index];
    });
    if (key !== undefined) {
      const again = [...entry.where.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
      if (again) again.focus({ preventScroll: true });
    }
  }

  async function look() {
    const mine = generation;
    for (const entry of looking) {
      try {
        const told = await get(typeof entry.path === "function" ? entry.path() : entry.path);
        if (mine !== generation) return;
        const text = JSON.stringify(told);
        if (text !== entry.text) {
          entry.text = text;
          entry.told = told;
          redraw(entry, told);
        }
      } catch (error) {
        if (mine !== generation) return;
        if (!(error instanceof Refused)) { away(); return; }
        entry.text = null;
        entry.where.replaceChildren(h.p({ class: "banner", role: "alert" }, error.message));
      }
    }
  }

  async function lookForEver() {
    const started = performance.now();
    if (!document.hidden) await look();
    setTimeout(lookForEver, Math.max(LOOK_MS, LOOK_SHARE * (performance.now() - started)));
  }

  // jobs

  const jobAddress = (job) => `#/jobs/${job.id}`;

  function jobRow(job) {
    return h.tr({ class: job.verdict },
      h.td({}, h.a({ href: jobAddress(job), class: "mono", "data-key": job.id }, job.id)),
      h.td({}, job.api),
      h.td({}, h.b({}, job.operation), " ", h.code({}, job.object),
        job.messages.map((message) => h.p({ class: "error" }, short(message.text), message.count > 1 ? ` (${message.count} batches)` : ""))),
      h.td({}, pill(stateText(job), job.verdict)),
      h.td({}, `${number(job.batches_done)} of ${number(job.batch_count)}`,
        h.progress({ value: job.batches_done, max: Math.max(job.batch_count, 1), "aria-label": "batches done" })),
      h.td({ class: "number" }, number(job.processed)),
      h.td({ class: job.failed ? "number failed" : "number" }, number(job.failed)),
      h.td({ class: "number" }, number(job.rows_per_second)),
      h.td({}, clock(job.created)));
  }

  // A job that is complete and lost all its rows did not end well, whatever its state says.
  function stateText(job) {
    if (job.verdict === "bad" && !/Failed|Aborted/.test(job.state)) return `${job.state}, failed`;
    return job.verdict === "partly" ? `${job.state}, ${number(job.failed)} failed` : job.state;
  }

  const JOB_HEADS = ["Job", "API", "Operation", "State", "Batches", ["Records"], ["Failed"], ["Rows/s"], "Created"];

  function jobsTable(jobs) {
    if (!jobs.length) return h.p({ class: "note" }, "No jobs yet.");
    return table("Jobs", JOB_HEADS, [...jobs].reverse().map(jobRow));
  }

  function filterBox(label, changed) {
    return h.input({ type: "search", class: "filter", placeholder: label, "aria-label": label, oninput: changed });
  }

  function jobsView() {
    const filter = filterBox("Filter jobs", () => again());
    const failed = h.input({ type: "checkbox", onchange: () => again() });
    const list = live("jobs?last=200", (jobs) => jobsTable(jobs.filter((job) =>
      (!failed.checked || job.verdict === "bad" || job.verdict === "partly")
      && `${job.id} ${job.operation} ${job.object} ${job.state} ${job.api}`.toLowerCase().includes(filter.value.toLowerCase()))));
    const again = () => redrawAll();
    const holding = live("summary", (summary) => h.div({ class: "line" },
      summary.paused
        ? [pill("batches are held back", "partly"),
          button("Run the next batch", () => change("POST", "jobs/run", { count: 1 }, (told) => `${plural(told.run, "batch")} run`)),
          button("Let them run", () => change("POST", "jobs/resume", undefined, "Batches run again"))]
        : button("Hold batches back", () => change("POST", "jobs/pause", undefined, "Batches are queued until you run them"))));
    return [h.div({ class: "head" }, h.h2({}, "Jobs"), filter, h.label({}, failed, "with failures only")),
      h.section({ class: "card" }, list), holding];
  }

  function redrawAll() {
    for (const entry of looking) if (entry.told !== undefined) redraw(entry, entry.told);
  }

  const facts = (pairs) => h.dl({ class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => h.div({}, h.dt({}, name), h.dd({}, value))));

  function timeline(job, batch) {
    const start = Date.parse(job.created);
    const whole = Math.max(Date.parse(job.modified) - start, 1);
    const created = Date.parse(batch.created) - start;
    const ended = Math.max(Date.parse(batch.modified) - start, created);
    const began = Math.max(created, ended - batch.milliseconds);
    const share = (from, to) => [`${(100 * from) / whole}%`, `${Math.max((100 * (to - from)) / whole, 0.7)}%`];
    const [waitAt, waitWidth] = share(created, began);
    const [runAt, runWidth] = share(Math.min(began, whole * 0.993), ended);
    return h.svg({ class: "time", role: "img", "aria-label": `waited ${began - created} ms, ran ${batch.milliseconds} ms` },
      h.rect({ class: "wait", x: waitAt, width: waitWidth, y: "35%", height: "30%" }),
      h.rect({ class: batch.verdict, x: runAt, width: runWidth, y: "10%", height: "80%", rx: "2" }));
  }

  function batchRow(job, batch) {
    return h.tr({ class: batch.verdict },
      h.td({}, h.a({ href: `${jobAddress(job)}/${batch.id}`, class: "mono", "data-key": batch.id }, batch.id)),
      h.td({}, pill(batch.state, batch.verdict), batch.message ? h.p({ class: "error" }, short(batch.message)) : null),
      h.td({ class: "number" }, number(batch.processed)),
      h.td({ class: batch.failed ? "number failed" : "number" }, number(batch.failed)),
      h.td({ class: "number" }, `${number(batch.milliseconds)} ms`),
      h.td({ class: "number" }, number(batch.rows_per_second)),
      h.td({}, timeline(job, batch)));
  }

  const verdictBanner = (job) => {
    if (job.verdict === "bad") {
      const text = job.messages.length ? job.messages.map((message) => message.text).join("\n")
        : job.failed ? `None of ${plural(job.processed, "row")} was written.` : "The job did not do its work.";
      return h.div({ class: "banner", role: "alert" }, h.pre({}, text));
    }
    return job.verdict === "partly"
      ? h.div({ class: "banner partly" }, `${plural(job.failed, "row")} of ${number(job.processed)} failed.`) : null;
  };

  function jobView(id) {
    return [live(`jobs/${encodeURIComponent(id)}`, (job) => [
      h.div({ class: "head" }, h.h2({}, `${job.operation} ${job.object}`), pill(stateText(job), job.verdict),
        h.a({ href: "#/jobs" }, "All jobs")),
      verdictBanner(job),
      h.section({ class: "card" }, facts([
        ["Job", h.code({}, job.id)], ["API", job.api], ["Content", job.content_type],
        ["External id", job.external_id], ["Concurrency", job.concurrency], ["By", job.user],
        ["Created", job.created.slice(0, 19).replace("T", " ")], ["Records", number(job.processed)],
        ["Failed", job.failed ? h.span({ class: "failed" }, number(job.failed)) : "0"],
        ["Rows a second", number(job.rows_per_second)],
      ])),
      h.section({ class: "card" }, h.h3({}, "Batches, and when they waited and ran"),
        job.batches.length
          ? table("Batches", ["Batch", "State", ["Records"], ["Failed"], ["Time"], ["Rows/s"], "Timeline"],
            job.batches.map((batch) => batchRow(job, batch)), true)
          : h.p({ class: "note" }, "No batches yet.")),
    ].filter(Boolean).map(spaced))];
  }

  const spaced = (node) => { node.classList.add("spaced"); return node; };

  const OUTCOME_TONES = { created: "good", written: "good", failed: "bad", unprocessed: "partly" };

  function pager(path, draw, size = 50) {
    // A window on rows that do not change.
    const where = h.div({});
    let offset = 0;
    const show = async () => {
      const told = await get(`${path}${path.includes("?") ? "&" : "?"}offset=${offset}&limit=${size}`);
      const back = button("Previous", () => { offset = Math.max(0, offset - size); show(); });
      const next = button("Next", () => { offset += size; show(); });
      back.disabled = !offset;
      next.disabled = !told.more;
      const paging = offset || told.more
        ? h.div({ class: "line" }, back, next, h.span({ class: "note" }, `from ${number(offset + 1)}`)) : null;
      where.replaceChildren(...[draw(told), paging].filter(Boolean));
    };
    show().catch(tell(where));
    return where;
  }

  const tell = (where) => (error) => {
    if (error instanceof Refused) where.replaceChildren(h.p({ class: "banner", role: "alert" }, error.message));
    else away();
  };

  function outcomeRows(told) {
    if (!told.rows.length) return h.p({ class: "note" }, "No such rows.");
    const rows = told.rows.map((row) => h.tr({ class: row.outcome === "failed" ? "bad" : "" },
      h.td({ class: "number" }, row.number || ""),
      h.td({}, pill(row.outcome, OUTCOME_TONES[row.outcome]), row.error ? h.p({ class: "error" }, row.error) : null),
      h.td({}, row.id ? h.code({}, row.id) : ""),
      row.cells.map(cell)));
    return table("Rows", [["Row"], "Outcome", "Id", ...told.columns], rows, true);
  }

  function textBox(path) {
    const where = h.div({});
    const show = (offset) => get(`${path}?offset=${offset}`).then((told) => {
      const end = told.offset + new TextEncoder().encode(told.text).length;
      const more = button(`Next of ${number(told.bytes)} bytes`, () => show(end));
      where.replaceChildren(h.pre({ class: "box", tabindex: "0" }, told.text || "nothing"),
        h.div({ class: "line" }, copyButton(() => told.text), end < told.bytes ? more : null));
    }).catch(tell(where));
    show(0);
    return where;
  }

  function choices(entries, first) {
    const where = h.div({});
    const buttons = entries.map(([name, make]) => button(name, () => {
      buttons.forEach((one) => one.setAttribute("aria-pressed", one === buttons[entries.findIndex(([n]) => n === name)]));
      where.replaceChildren(make());
    }));
    const start = entries.findIndex(([name]) => name === first);
    buttons[Math.max(start, 0)].click();
    return [h.div({ class: "line", role: "group", "aria-label": "What to show" }, buttons), where];
  }

  function batchView(id, batchId) {
    const path = `jobs/${encodeURIComponent(id)}/batches/${encodeURIComponent(batchId)}`;
    const head = live(`jobs/${encodeURIComponent(id)}`, (job) => {
      const batch = job.batches.find((one) => one.id === batchId);
      if (!batch) return h.p({ class: "banner" }, "The job has no such batch.");
      return [spaced(h.div({ class: "head" }, h.h2({}, `Batch of ${job.operation} ${job.object}`), pill(batch.state, batch.verdict),
        h.a({ href: jobAddress(job) }, "The job"))),
      batch.message ? spaced(h.div({ class: "banner", role: "alert" }, h.pre({}, batch.message))) : null,
      spaced(h.section({ class: "card" }, facts([
        ["Batch", h.code({}, batch.id)], ["Records", number(batch.processed)],
        ["Failed", batch.failed ? h.span({ class: "failed" }, number(batch.failed)) : "0"],
        ["Time", `${number(batch.milliseconds)} ms`], ["Rows a second", number(batch.rows_per_second)],
        ["Run again", batch.retries ? number(batch.retries) : ""],
      ])))];
    });
    const content = h.section({ class: "card" });
    get(`jobs/${encodeURIComponent(id)}`).then((job) => {
      const batch = job.batches.find((one) => one.id === batchId);
      if (!batch) return;
      const isQuery = job.operation.startsWith("query");
      const rows = (outcome) => () => pager(`${path}/rows${outcome ? `?outcome=${outcome}` : ""}`, outcomeRows);
      const results = batch.results.map((result, index) => [`Result file ${index + 1}`, () => textBox(`${path}/results/${index}`)]);
      const tables = isQuery ? batch.results.map((_, index) => [`Rows${index ? ` of file ${index + 1}` : ""}`,
        () => pager(`${path}/results/${index}/rows`, (told) => told.columns.length
          ? table("Result", told.columns, told.rows.map((row) => h.tr({}, row.map(cell))), true)
          : textBox(`${path}/results/${index}`))]) : [];
      const entries = isQuery
        ? [...tables, ["The query", () => textBox(`${path}/body`)], ...results]
        : [["Failed rows", rows("failed")], ["All rows", rows("")], ["Body", () => textBox(`${path}/body`)], ...results];
      content.append(...choices(entries, isQuery ? "Rows" : batch.failed ? "Failed rows" : "All rows").flat());
    }).catch(tell(content));
    return [head, content];
  }

  // objects

  function objectsView() {
    const filter = filterBox("Filter objects", () => redrawAll());
    const all = h.input({ type: "checkbox", onchange: () => redrawAll() });
    const list = live("objects", (counts) => {
      const shown = Object.entries(counts)
        .filter(([name, count]) => (all.checked || count || name.includes("__"))
          && name.toLowerCase().includes(filter.value.toLowerCase()))
        .sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
      return table("Objects", ["Object", ["Records"], ""], shown.map(([name, count]) => h.tr({},
        h.td({}, h.a({ href: `#/objects/${name}`, class: "mono", "data-key": name }, name)),
        h.td({ class: "number" }, number(count)),
        h.td({}, h.a({ href: queryAddress(`SELECT Id FROM ${name}`), "data-key": `query ${name}` }, "Query")))));
    });
    return [h.div({ class: "head" }, h.h2({}, "Objects"), filter, h.label({}, all, "those without records, too")),
      h.section({ class: "card" }, list)];
  }

  function recordsView(name) {
    const where = h.section({ class: "card" });
    const head = h.div({ class: "head" }, h.h2({}, name), h.a({ href: "#/objects" }, "All objects"),
      h.a({ href: `#/objects/${encodeURIComponent(name)}/new` }, "New record"));
    const all = h.input({ type: "checkbox", onchange: () => draw() });
    head.append(h.label({}, all, "empty columns, too"));
    let marks = [""];
    let told = null;
    const draw = () => {
      if (!told) return;
      const filled = (field) => told.rows.some((row) => row[field] !== null && row[field] !== false);
      const fields = Object.keys(told.rows[0] || {}).filter((field) => field !== "Id" && (all.checked || filled(field)));
      const rows = told.rows.map((row) => h.tr({},
        h.td({}, h.a({ href: `#/objects/${name}/${row.Id}`, class: "mono" }, row.Id)), fields.map((field) => cell(row[field]))));
      const back = button("Previous", () => { marks.pop(); show(); });
      const next = button("Next", () => { marks.push(told.rows.at(-1).Id); show(); });
      back.disabled = marks.length === 1;
      next.disabled = !told.more;
      where.replaceChildren(
        rows.length ? table("Records", ["Id", ...fields], rows, true) : h.p({ class: "note" }, "No records."),
        h.div({ class: "line" }, back, next, h.span({ class: "note" }, `page ${marks.length}`)));
    };
    const show = () => get(`objects/${encodeURIComponent(name)}/rows?limit=50&after=${marks.at(-1)}`)
      .then((answer) => { told = answer; draw(); }).catch(tell(where));
    show();
    return [head, where];
  }

  function input(field, value, key) {
    const shared = { name: field.name, "aria-label": field.name };
    const text = value === null || value === undefined ? "" : String(value);
    if (field.type === "boolean") {
      return h.select({ ...shared }, ["", "true", "false"].map((word) => h.option({ value: word, selected: word === text }, word)));
    }
    if (field.values.length && field.type !== "multipicklist") {
      const values = field.values.includes(text) || !text ? field.values : [text, ...field.values];
      return h.select({ ...shared }, ["", ...values].map((word) => h.option({ value: word, selected: word === text }, word)));
    }
    if (field.type === "textarea") return h.textarea({ ...shared, value: text });
    return h.input({ ...shared, type: "text", value: text, placeholder: key ? field.type : "" });
  }

  function typed(field, text) {
    if (text === "") return null;
    if (field.type === "boolean") return text === "true";
    return text;
  }

  function recordForm(object, record) {
    const form = h.form({});
    const problems = h.div({ role: "alert" });
    const may = record ? "updateable" : "createable";
    const fields = object.fields.filter((field) => !["address", "location", "base64"].includes(field.type));
    const inputs = new Map();
    const writable = fields.filter((field) => field[may]).map((field) => {
      const made = input(field, record && record[field.name], true);
      inputs.set(field, [made, made.value]);
      return h.label({ class: "field" }, field.name, field.required ? " *" : "", made);
    });
    const readable = record ? fields.filter((field) => !field[may]).map((field) =>
      h.label({ class: "field" }, field.name, h.output({}, record[field.name] === null ? "—" : String(record[field.name])))) : [];
    const changed = () => Object.fromEntries([...inputs].filter(([, [made, before]]) => made.value !== before)
      .map(([field, [made]]) => [field.name, typed(field, made.value)]));
    const report = (errors) => {
      problems.replaceChildren(...errors.map((error) => h.p({ class: "error" }, `${error.statusCode}: ${error.message}`)));
      const bad = new Set(errors.flatMap((error) => error.fields));
      for (const [field, [made]] of inputs) made.setAttribute("aria-invalid", bad.has(field.name));
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const path = `objects/${object.name}/rows`;
      try {
        const told = record ? await call("PATCH", `${path}/${record.Id}`, changed()) : (await call("POST", path, [changed()]))[0];
        if (!told.success) { report(told.errors); return; }
        say(record ? "Saved" : "Created");
        if (record) route();
        else location.hash = `#/objects/${object.name}/${told.id}`;
      } catch (error) {
        if (error instanceof Refused) report([{ statusCode: "Refused", message: error.message, fields: [] }]);
        else away();
      }
    });
    const remove = record ? sureButton("Delete", async () => {
      const told = await call("DELETE", `objects/${object.name}/rows/${record.Id}`);
      if (told.success) location.hash = `#/objects/${object.name}`;
      else report(told.errors);
    }) : null;
    form.append(h.div({ class: "fields" }, writable), problems,
      h.div({ class: "line" }, h.button({ class: "main", type: "submit" }, record ? "Save" : "Create"), remove));
    if (readable.length) form.append(h.h3({ class: "line" }, "Set by the org"), h.div({ class: "fields" }, readable));
    return form;
  }

  function recordView(name, id) {
    const where = h.section({ class: "card" });
    const path = `objects/${encodeURIComponent(name)}`;
    const record = id === "new" ? Promise.resolve(null) : get(`${path}/rows/${encodeURIComponent(id)}`);
    Promise.all([get(path), record]).then(([object, found]) => where.replaceChildren(recordForm(object, found))).catch(tell(where));
    return [h.div({ class: "head" }, h.h2({}, id === "new" ? `New ${name}` : `${name} ${id}`),
      h.a({ href: `#/objects/${name}` }, "All records")), where];
  }

  // queries

  const HISTORY = "emulator.queries";
  const queryAddress = (soql) => `#/query?${new URLSearchParams({ soql })}`;
  const history_ = () => {
    try { return JSON.parse(localStorage.getItem(HISTORY)) || []; } catch { return []; }
  };
  const remember = (soql) => {
    const kept = [soql, ...history_().filter((one) => one !== soql)].slice(0, 30);
    try { localStorage.setItem(HISTORY, JSON.stringify(kept)); } catch { /* a browser that keeps nothing */ }
  };

  function caret(soql, at) {
    const start = soql.lastIndexOf("\n", at - 1) + 1;
    const end = soql.indexOf("\n", at);
    const line = soql.slice(start, end < 0 ? undefined : end);
    return h.pre({ class: "box caret", tabindex: "0" }, line, "\n", h.span({ class: "failed" }, `${" ".repeat(at - start)}^`));
  }

  function queryView(parameters) {
    const box = h.textarea({ class: "filter", "aria-label": "SOQL", spellcheck: "false", value: parameters.get("soql") || "SELECT Id, Name FROM Account" });
    const deleted = h.input({ type: "checkbox" });
    const where = h.section({ class: "card", "aria-live": "polite", hidden: true });
    const past = h.details({ class: "card" });
    const drawHistory = () => past.replaceChildren(h.summary({}, "History"),
      history_().length ? h.div({}, history_().map((soql) => h.p({}, h.a({ href: queryAddress(soql), class: "mono", onclick: (event) => {
        event.preventDefault();
        box.value = soql;
        run();
      } }, soql))))
        : h.p({ class: "note" }, "Nothing yet."));
    const run = async () => {
      const soql = box.value.trim();
      remember(soql);
      drawHistory();
      where.hidden = false;
      const query = new URLSearchParams({ soql, deleted: deleted.checked });
      try {
        const started = performance.now();
        const told = await get(`query?${query}&limit=200`);
        const spent = Math.round(performance.now() - started);
        const rows = told.rows.map((row) => h.tr({}, row.map(cell)));
        where.replaceChildren(
          rows.length ? table("Rows", told.columns, rows, true) : h.p({ class: "note" }, "No rows."),
          h.div({ class: "line" }, h.span({ class: "note" }, `${told.more ? "the first " : ""}${plural(rows.length, "row")}, ${spent} ms`),
            h.a({ href: `${API}/query/csv?${query}`, download: "query.csv" }, "All of them as CSV")));
      } catch (error) {
        if (!(error instanceof Refused)) { away(); return; }
        const { code, at } = error.document;
        const sentence = error.message.split(/ERROR at Row:\d+:Column:\d+\n/).at(-1);
        where.replaceChildren(h.p({ class: "error", role: "alert" }, h.b({}, code || "Refused"), " ", sentence),
          at === null || at === undefined ? "" : caret(soql, at));
        if (typeof at === "number") {
          const lead = box.value.length - box.value.trimStart().length;
          box.focus();
          box.setSelectionRange(lead + at, lead + at);
        }
      }
    };
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); }
    });
    drawHistory();
    if (parameters.get("soql")) run();
    return [h.h2({}, "Query"), h.section({ class: "card" }, box,
      h.div({ class: "line" }, button("Run", run, "main"), h.label({}, deleted, "deleted records, too"))), where, past];
  }

  // requests

  const statusTone = (status) => (status >= 200 && status < 400 ? "good" : "bad");

  function folded(requests) {
    // Looks that repeat are one line; what was done in between stays where it was.
    const kept = [];
    for (const request of requests) {
      const recent = kept.slice(-8).find((one) => request.method === "GET" && one.method === "GET"
        && one.path === request.path && one.status === request.status);
      if (recent) { recent.times += 1; recent.number = request.number; recent.seconds = request.seconds; recent.time = request.time; }
      else kept.push({ ...request, times: 1 });
    }
    return kept;
  }

  const requestRow = (request) => h.tr({ class: statusTone(request.status) === "bad" ? "bad" : "" },
    h.td({}, pill(request.status || "none", statusTone(request.status))),
    h.td({}, request.method),
    h.td({ class: "path" }, h.a({ href: `#/requests/${request.number}`, class: "mono", "data-key": `${request.method} ${request.path} ${request.number}` }, short(request.path)),
      request.times > 1 ? h.span({ class: "note" }, ` × ${request.times}`) : null),
    h.td({ class: "number" }, `${(request.seconds * 1000).toFixed(1)} ms`),
    h.td({}, clock(request.time)));

  const REQUEST_HEADS = ["Status", "Method", "Path", ["Time"], "At"];

  function requestsTable(requests, fold) {
    if (!requests.length) return h.p({ class: "note" }, "Nobody called yet.");
    return table("Requests", REQUEST_HEADS, (fold ? folded(requests) : requests).reverse().map(requestRow));
  }

  function requestsView() {
    const again = () => redrawAll();
    const filter = filterBox("Filter paths", again);
    const method = h.select({ "aria-label": "Method", onchange: again }, ["any method", "GET", "POST", "PUT", "PATCH", "DELETE"].map((word) => h.option({}, word)));
    const status = h.select({ "aria-label": "Status", onchange: again }, ["any status", "good", "bad"].map((word) => h.option({}, word)));
    const fold = h.input({ type: "checkbox", checked: true, onchange: again });
    const list = live("requests", (requests) => requestsTable(requests.filter((one) =>
      one.path.toLowerCase().includes(filter.value.toLowerCase())
      && (method.selectedIndex === 0 || one.method === method.value)
      && (status.selectedIndex === 0 || statusTone(one.status) === status.value)), fold.checked));
    return [h.div({ class: "head" }, h.h2({}, "Requests"), filter, method, status, h.label({}, fold, "fold polls")),
      h.section({ class: "card" }, list)];
  }

  const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  // What HTTP itself adds, or the library that sends it.
  const HOPS = new Set(["host", "content-length", "connection", "accept-encoding", "transfer-encoding", "expect", "user-agent", "content-encoding"]);
  const sentHeaders = (request) => Object.entries(request.headers).filter(([name]) => !HOPS.has(name));
  const MASK = "***";
  const whole = (request) => !request.body_cut && !request.body.includes("\ufffd");
  const NOT_WHOLE = "  # the body is not whole";

  function asCurl(request) {
    const quoted = (text) => text.split(MASK).map(shellQuoted).join('"$SF_TOKEN"');
    const parts = ["curl", "-gsS", "-X", shellQuoted(request.method), shellQuoted(location.origin + request.path)];
    for (const [name, value] of sentHeaders(request)) parts.push("-H", quoted(`${name}: ${value}`));
    // Not --data-binary: a body that begins with @ would be a file's name.
    if (request.body) parts.push("--data-raw", shellQuoted(request.body));
    return parts.join(" ") + (whole(request) ? "" : NOT_WHOLE);
  }

  // What JSON escapes Python reads the same.
  const literal = (text) => JSON.stringify(text);

  function asPython(request) {
    const quoted = (text) => text.split(MASK).map(literal).join(' + os.environ["SF_TOKEN"] + ');
    const headers = sentHeaders(request).map(([name, value]) => `${literal(name)}: ${quoted(value)}`).join(", ");
    const data = request.body ? `, data=${literal(request.body)}.encode()` : "";
    return `requests.request(${literal(request.method)}, ${literal(location.origin + request.path)}, headers={${headers}}${data})`
      + (whole(request) ? "" : NOT_WHOLE);
  }

  const headerList = (headers) => h.pre({ class: "box", tabindex: "0" },
    Object.entries(headers).map(([name, value]) => `${name}: ${value}`).join("\n") || "none");
  const bodyBox = (text, cut) => h.div({}, h.pre({ class: "box", tabindex: "0" }, text || "nothing"),
    cut ? h.p({ class: "note" }, "the first 4 KB") : null);

  function requestView(id) {
    const where = h.div({});
    get(`requests/${encodeURIComponent(id)}`).then((request) => where.replaceChildren(...[
      h.div({ class: "head" }, h.h2({}, `${request.method} ${short(request.path)}`), pill(request.status || "none", statusTone(request.status)),
        h.a({ href: "#/requests" }, "All requests")),
      h.div({ class: "line" }, copyButton(() => asCurl(request), "Copy as curl"), copyButton(() => asPython(request), "Copy as Python"),
        h.span({ class: "note" }, `${(request.seconds * 1000).toFixed(1)} ms; the token is $SF_TOKEN`)),
      h.div({ class: "grid" },
        h.section({ class: "card" }, h.h3({}, "Request"), headerList(request.headers), h.h3({ class: "line" }, "Body"), bodyBox(request.body, request.body_cut)),
        h.section({ class: "card" }, h.h3({}, "Answer"), headerList(request.answer_headers), h.h3({ class: "line" }, "Body"), bodyBox(request.answer_body, request.answer_body_cut))),
    ].map(spaced))).catch(tell(where));
    return [where];
  }

  // the org itself

  const FAULT_DETAILS = {
    route: "", method: "", path: "", object: "", operation: "", job: "", nth: 1, times: 1, probability: 1,
    status: 503, code: "", message: "", retry_after: "", after_bytes: 0, after_rows: 0, rows: 1, seconds: 0,
  };

  function faultForm(told) {
    const kind = h.select({ "aria-label": "kind" }, Object.keys(told.kinds).sort().map((name) => h.option({}, name)));
    const routes = h.datalist({ id: "routes" }, told.routes.map((name) => h.option({ value: name })));
    const details = Object.entries(FAULT_DETAILS).map(([name, value]) => [name, value, h.input({
      name, type: typeof value === "number" ? "number" : "text", step: "any", min: "0", placeholder: String(value),
      list: name === "route" ? "routes" : undefined })]);
    const form = h.form({}, routes, h.div({ class: "fields" }, h.label({ class: "field" }, "kind", kind),
      details.map(([name, , made]) => h.label({ class: "field" }, name, made))),
    h.div({ class: "line" }, h.button({ class: "main", type: "submit" }, "Add the fault")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = details.filter(([, , made]) => made.value !== "")
        .map(([name, value, made]) => [name, typeof value === "number" ? Number(made.value) : made.value]);
      change("POST", "faults", { kind: kind.value, ...Object.fromEntries(given) }, "Added");
    });
    return form;
  }

  const faultText = (fault) => [fault.kind, ...Object.keys(FAULT_DETAILS)
    .filter((name) => fault[name] !== FAULT_DETAILS[name] && fault[name] !== null && fault[name] !== "")
    .map((name) => `${name}=${fault[name]}`)].join(" ");

  function orgView() {
    const faults = live("faults", (told) => [
      told.faults.length ? h.ul({}, told.faults.map((fault) => h.li({}, h.code({}, faultText(fault))))) : h.p({ class: "note" }, "None are set."),
      told.fired.length ? h.details({ "data-key": "struck" }, h.summary({}, `${plural(told.fired.length, "time")} struck`),
        h.ul({}, told.fired.slice(-50).map((line) => h.li({}, h.code({}, `${line.kind} ${line.method} ${short(line.path)}`))))) : null,
      told.faults.length || told.fired.length ? h.div({ class: "line" }, button("Clear all faults", () => change("DELETE", "faults", undefined, "Cleared"))) : null]);
    const form = h.details({}, h.summary({}, "Add a fault"));
    get("faults").then((told) => form.append(faultForm(told))).catch(away);
    const seconds = h.input({ type: "number", min: "1", value: "3600", "aria-label": "seconds" });
    const forward = (count) => change("POST", "clock", { seconds: count }, (told) => `It is ${told.now.slice(0, 19)} now`);
    const state = live("summary", (summary) => facts([
      ["The org's clock", `${summary.now.slice(0, 19).replace("T", " ")} UTC`], ["Sessions", number(summary.sessions)],
      ["Batches", summary.paused ? "held back" : "run"]]));
    const snapshots = live("snapshots", (names) => h.div({ class: "line" },
      button("Take a snapshot", () => change("POST", "snapshots", undefined, (told) => `Snapshot ${told.id}`)),
      names.map((name) => button(`Restore ${name}`, () => change("POST", `snapshots/${name}/restore`, undefined, `As it was at ${name}`)))));
    const users = live("users", (told) => table("Users", ["User", "Id", "Permissions"], told.map((user) => h.tr({},
      h.td({}, user.username), h.td({}, h.code({}, user.id)), h.td({}, user.permissions.join(", "))))));
    return [h.h2({}, "Org"), h.section({ class: "card" }, state), h.div({ class: "grid" },
      h.section({ class: "card" }, h.h3({}, "Faults"), faults, form),
      h.section({ class: "card" }, h.h3({}, "Clock"), h.div({ class: "line" }, seconds, button("Advance by seconds", () => forward(Number(seconds.value))),
        button("An hour", () => forward(3600)), button("A day", () => forward(86400)), button("Eight days", () => forward(8 * 86400)))),
      h.section({ class: "card" }, h.h3({}, "Sessions"), h.div({ class: "line" },
        button("End all sessions", () => change("DELETE", "sessions", undefined, (told) => `${plural(told.expired, "session")} ended`)))),
      h.section({ class: "card" }, h.h3({}, "Batches"), h.div({ class: "line" },
        button("Hold batches back", () => change("POST", "jobs/pause", undefined, "Batches are queued until you run them")),
        button("Run the next batch", () => change("POST", "jobs/run", { count: 1 }, (told) => `${plural(told.run, "batch")} run`)),
        button("Let them run", () => change("POST", "jobs/resume", undefined, "Batches run again")))),
      h.section({ class: "card" }, h.h3({}, "Snapshots"), snapshots),
      h.section({ class: "card" }, h.h3({}, "Reset"), h.p({ class: "note" }, "Records, objects, apps and faults of the start; no jobs and sessions."),
        h.div({ class: "line" }, sureButton("Reset the org", () => change("POST", "reset", undefined, "As it was at the start")))),
      h.section({ class: "card wide" }, h.h3({}, "Users"), users))];
  }

  // overview

  function connections(c) {
    const t = literal;
    const secret = t(c.password + c.security_token);
    const token = `curl -s ${c.url}/services/oauth2/token -d grant_type=client_credentials -d client_id=${c.consumer_key} -d client_secret=${c.consumer_secret}`;
    const login = `username=${t(c.username)}, password=${t(c.password)}, security_token=${t(c.security_token)}`;
    const lines = [
      ["salesforce-bulk", `SalesforceBulk(${login}, login_url=${t(c.url)})`],
      ["simple-salesforce", `Salesforce(**dict(zip(("session_id", "instance"), SalesforceLogin(${login}, scratch_url=${t(c.url)}, sf_version="62.0"))))`],
      ["jsforce", `const connection = new jsforce.Connection({ loginUrl: ${t(c.url)} }); await connection.login(${t(c.username)}, ${secret});`],
      ["curl", token],
      ["sf", `SF_ACCESS_TOKEN=$(${token} | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])') sf org login access-token --instance-url ${c.url} --no-prompt --set-default`],
      ["django-salesforce", `DATABASES["salesforce"] = {"ENGINE": "salesforce.backend", "CONSUMER_KEY": ${t(c.consumer_key)}, "CONSUMER_SECRET": ${t(c.consumer_secret)}, "USER": ${t(c.username)}, "PASSWORD": ${secret}, "HOST": ${t(c.url)}}`],
    ];
    return h.dl({ class: "connect" }, lines.map(([name, text]) => h.div({},
      h.dt({}, name), h.dd({}, h.code({ "data-client": name }, text)), copyButton(() => text))));
  }

  function overview() {
    const who = h.section({ class: "card" });
    get("").then(({ credentials }) => who.replaceChildren(h.h3({}, "Connect"),
      facts(Object.entries(credentials).map(([name, value]) => [name.replaceAll("_", " "), h.code({}, value)])),
      h.p({}), connections(credentials),
      credentials.url.startsWith("http:") ? h.p({ class: "note" }, "Some clients take https only: start with --tls.") : null)).catch(away);
    const tiles = live("summary", (told) => h.div({ class: "tiles" }, [
      ["records", told.records], ["jobs", told.jobs], ["jobs not finished", told.unfinished_jobs], ["sessions", told.sessions],
      ["requests", told.requests], ["faults set", told.faults], ["faults struck", told.faults_struck],
    ].map(([name, count]) => h.div({}, h.b({}, number(count)), h.span({}, name))),
    h.div({}, h.b({}, told.now.slice(0, 19).replace("T", " ")), h.span({}, "the org's clock, UTC"))));
    return [h.h2({ class: "skip" }, "Overview"), h.section({ class: "card", "aria-label": "Summary" }, tiles), who,
      h.section({ class: "card" }, h.h3({}, "Last jobs"), live("jobs?last=5", jobsTable)),
      h.section({ class: "card" }, h.h3({}, "Last requests"), live("requests?last=40", (told) => requestsTable(folded(told).slice(-10), false)))];
  }

  // which of them

  function route() {
    const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
    const [name, first, second] = path.split("/").map(decodeURIComponent);
    generation += 1;
    looking = [];
    const makers = {
      "": overview,
      jobs: () => (second ? batchView(first, second) : first ? jobView(first) : jobsView()),
      objects: () => (second ? recordView(first, second) : first ? recordsView(first) : objectsView()),
      query: () => queryView(new URLSearchParams(search)),
      requests: () => (first ? requestView(first) : requestsView()),
      org: orgView,
    };
    const make = makers[name] || overview;
    view.replaceChildren(...make());
    view.focus({ preventScroll: true });
    scrollTo(0, 0);
    document.title = `${path ? `${path} – ` : ""}Salesforce org emulator`;
    document.querySelectorAll("#tabs a").forEach((tab) => {
      if (tab.dataset.view === name) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    });
    look();
  }

  document.getElementById("tabs").append(...VIEWS.map(([name, label], index) =>
    h.a({ href: `#/${name}`, "data-view": name, "aria-keyshortcuts": String(index + 1) }, label)));
  addEventListener("hashchange", () => { if (location.hash !== "#view") route(); });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) return;
    const index = "123456".indexOf(event.key);
    if (event.key.length === 1 && index >= 0) location.hash = `#/${VIEWS[index][0]}`;
    const filter = event.key === "/" && view.querySelector(".filter");
    if (filter) { event.preventDefault(); filter.focus(); }
  });
  route();
  lookForEver();
})();
