
(() => {
  "use strict";
  const bar = document.getElementById("filtre");
  if (!bar) return;
  const words = document.getElementById("mots");
  const kind = document.getElementById("genre");
  const reason = document.getElementById("motif");
  const found = document.getElementById("trouve");
  const holds = [...document.querySelectorAll("[data-reason]")];
  for (const name of new Set(holds.map((hold) => hold.dataset.reason))) {
    reason.append(new Option(name, name));
  }
  reason.parentElement.hidden = holds.length === 0;
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const known = new Map();
  const text = (node) => {
    if (!known.has(node)) known.set(node, plain(node.textContent));
    return known.get(node);
  };
  const show = (node, shown) => {
    node.hidden = !shown;
    return shown;
  };
  const apply = () => {
    const wanted = plain(words.value.trim()).split(/\s+/).filter(Boolean);
    const matches = (node) => wanted.every((word) => text(node).includes(word));
    let rows = 0;
    for (const hold of holds) {
      show(hold, (!reason.value || hold.dataset.reason === reason.value) && matches(hold));
    }
    for (const school of document.querySelectorAll(".school")) {
      const whole = matches(school.querySelector("h2"));
      let any = false;
      for (const section of school.querySelectorAll(".kind")) {
        let some = false;
        if (!kind.value || section.dataset.kind === kind.value) {
          for (const body of section.querySelectorAll("tbody")) {
            const head = body.querySelector(".fold");
            const all = whole || (head !== null && matches(head));
            let here = 0;
            for (const row of body.querySelectorAll("tr:not(.fold)")) {
              if (show(row, all || matches(row))) here += 1;
            }
            rows += here;
            some = show(body, all || here > 0) || some;
          }
        }
        any = show(section, some) || any;
      }
      show(school, any);
    }
    const active = wanted.length > 0 || kind.value !== "";
    found.textContent = active ? (rows > 1 ? rows + " lignes" : rows + " ligne") : "";
  };
  let timer = 0;
  bar.hidden = false;
  bar.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(apply, 120);
  });
  bar.addEventListener("submit", (event) => event.preventDefault());
})();
