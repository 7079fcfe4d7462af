
(() => {
  "use strict";
  const bar = document.getElementById("filtre");
  if (!bar) return;
  const words = document.getElementById("mots");
  const kind = document.getElementById("genre");
  const profile = document.getElementById("profil");
  const reason = document.getElementById("motif");
  const found = document.getElementById("trouve");
  const go = document.getElementById("aller");
  const listed = document.getElementById("trouves");
  const holds = [...document.querySelectorAll("[data-reason]")];
  if (reason) {
    for (const name of new Set(holds.map((hold) => hold.dataset.reason))) {
      reason.append(new Option(name, name));
    }
    reason.parentElement.hidden = holds.length === 0;
  }
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/œ/g, "oe").replace(/æ/g, "ae");
  const known = new Map();
  const text = (node) => {
    if (!known.has(node)) known.set(node, plain(node.textContent));
    return known.get(node);
  };
  const show = (node, shown) => {
    node.hidden = !shown;
    return shown;
  };
  // What does not stand in the tables: read when it is first asked for.
  const SHOWN = 200;
  let list = null;
  const rows = () => {
    if (list === null) {
      const data = document.getElementById("liste");
      list = data ? JSON.parse(data.textContent) : { words: {}, rows: [] };
      list.plain = list.rows.map((row) => plain(row.slice(0, 3).join(" ") + " " + row[5]));
    }
    return list;
  };
  const cell = (value) => {
    const td = document.createElement("td");
    td.textContent = value;
    return td;
  };
  const fill = (matches, active) => {
    if (!listed) return 0;
    const body = listed.querySelector("tbody");
    body.replaceChildren();
    let count = 0;
    if (active) {
      const all = rows();
      all.rows.forEach((row, at) => {
        if (!matches(all.plain[at], row)) return;
        count += 1;
        if (count > SHOWN) return;
        const line = document.createElement("tr");
        line.append(cell(row[0]), cell(row[1]), cell(row[2]), cell(all.words[row[3]] || ""), cell(all.words[row[4]] || ""));
        const last = cell(row[5]);
        if (listed.hasAttribute("data-ecoles")) {
          // The page of the school, beside this one: its UAI stands before its name.
          const cut = row[5].indexOf("|");
          const link = document.createElement("a");
          link.href = (row[5].slice(0, cut).replace(/[^0-9A-Za-z]/g, "") || "hors-etablissement") + ".html";
          link.textContent = row[5].slice(cut + 1);
          last.replaceChildren(link);
        }
        line.append(last);
        body.append(line);
      });
    }
    const more = count - SHOWN;
    document.getElementById("trouves-reste").textContent =
      more > 0 ? "… et " + more + " autres : précisez la recherche." : "";
    show(listed, count > 0);
    return count;
  };
  const apply = () => {
    const wanted = plain(words.value.trim()).split(/\s+/).filter(Boolean);
    const all = (body) => wanted.every((word) => body.includes(word));
    const matches = (node) => all(text(node));
    const chosen = { kind: kind ? kind.value : "", profile: profile ? profile.value : "" };
    const active = wanted.length > 0 || chosen.kind !== "" || chosen.profile !== "";
    let count = 0;
    for (const hold of holds) {
      show(hold, (!reason || !reason.value || hold.dataset.reason === reason.value) && matches(hold));
    }
    for (const row of document.querySelectorAll("#ecoles tbody tr")) {
      if (show(row, matches(row))) count += 1;
    }
    for (const school of document.querySelectorAll(".school")) {
      const title = school.querySelector("h2, h1");
      const whole = title !== null && wanted.length > 0 && school.tagName !== "MAIN" && matches(title);
      let any = false;
      for (const section of school.querySelectorAll(".kind")) {
        let some = false;
        // Where the list has everybody, the table has only some: the search goes through the list.
        const instead = wanted.length > 0 && section.hasAttribute("data-liste") && !whole;
        if (!instead && (!chosen.kind || section.dataset.kind === chosen.kind)) {
          for (const body of section.querySelectorAll("tbody")) {
            if (chosen.profile && body.dataset.profil !== chosen.profile) {
              show(body, false);
              continue;
            }
            const head = body.querySelector(".fold");
            const here = whole || wanted.length === 0 || (head !== null && matches(head));
            let shown = 0;
            for (const row of body.querySelectorAll("tr:not(.fold)")) {
              if (show(row, here || matches(row))) shown += 1;
            }
            count += shown;
            some = show(body, here || shown > 0) || some;
          }
        }
        any = show(section, some) || any;
      }
      if (school.tagName !== "MAIN") show(school, any);
    }
    count += fill((body, row) =>
      all(body) && (!chosen.kind || row[4] === chosen.kind) && (!chosen.profile || row[3] === chosen.profile),
    wanted.length > 0);
    if (go) {
      const first = wanted.length > 0 ? wanted[0].replace(/[^0-9a-z]/g, "") : "";
      const links = [...document.querySelectorAll("[data-initiale]")];
      const link = links.find((a) => first !== "" && first.startsWith(a.dataset.initiale));
      show(go, link !== undefined);
      if (link) {
        go.href = link.getAttribute("href") + "#q=" + encodeURIComponent(words.value.trim());
        go.textContent = "Chercher « " + words.value.trim() + " » parmi les personnes →";
      }
    }
    found.textContent = active ? (count > 1 ? count + " lignes" : count + " ligne") : "";
  };
  let timer = 0;
  bar.hidden = false;
  bar.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, 120);
  });
  bar.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
    if (go && !go.hidden) location.href = go.href;
  });
  // A search may come with the address: #q=arnaud&genre=create&profil=pupil
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("q")) {
    words.value = asked.get("q");
    if (kind) kind.value = asked.get("genre") || "";
    if (profile) profile.value = asked.get("profil") || "";
    apply();
  }
})();
