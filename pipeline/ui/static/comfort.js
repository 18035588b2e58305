// Comfort only: every page works without it.
// A change in the form of Try it asks again at once; titles are suggested while typing; a run that goes on is shown going on.
"use strict";

const form = document.querySelector("form[data-again]");

async function partOf(address, selector) {
  const answer = await fetch(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector(selector);
}

async function askAgain() {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value !== "") fields.append(name, value);
  const results = document.querySelector("#results");
  const address = `${form.getAttribute("action")}?${fields}`;
  results.setAttribute("aria-busy", "true");
  try {
    const fresh = await partOf(address, "#results");
    if (!fresh) return location.assign(address);
    document.querySelector("#results").replaceWith(fresh);
    history.replaceState(null, "", address);
  } finally {
    document.querySelector("#results").removeAttribute("aria-busy");
  }
}

if (form) {
  const slider = form.elements.k;
  const filled = () => [...form.querySelectorAll("[name=user], [name=like]")].some((each) => each.value.trim());
  slider.addEventListener("input", () => { document.querySelector("#k-shown").value = slider.value; });
  form.addEventListener("submit", (event) => { event.preventDefault(); askAgain(); });
  for (const name of ["k", "seen", "version", "other"]) {
    form.elements[name].addEventListener("change", () => { if (filled()) askAgain(); });
  }

  let latest = 0;
  for (const field of form.querySelectorAll("[data-titles]")) {
    field.addEventListener("input", async () => {
      const turn = ++latest;
      if (field.value.trim().length < 2) return;
      const asked = new URLSearchParams({ q: field.value, version: form.elements.version.value });
      const answer = await fetch(`/try/titles?${asked}`);
      const titles = await answer.json();
      if (turn !== latest) return;
      const list = document.querySelector("#titles");
      list.replaceChildren(...titles.map((title) => Object.assign(document.createElement("option"), { value: title })));
    });
  }
}

if (document.querySelector("[data-wait]")) setTimeout(() => location.reload(), 1500);

const target = location.hash && document.getElementById(location.hash.slice(1));
const unfold = (element) => { if (element instanceof HTMLDetailsElement) element.open = true; };
unfold(target);
addEventListener("hashchange", () => unfold(document.getElementById(location.hash.slice(1))));

if ("live" in document.body.dataset) {
  setInterval(async () => {
    const main = document.querySelector("main");
    if (main.querySelector("input:checked")) return; // runs that somebody is about to compare
    if (document.hidden || main.contains(document.activeElement) && document.activeElement !== main) return;
    const fresh = await partOf(location.href, "main").catch(() => null);
    if (!fresh) return;
    for (const open of main.querySelectorAll("details[open][id]")) unfold(fresh.querySelector(`[id="${open.id}"]`));
    main.replaceWith(fresh);
  }, 5000);
}
