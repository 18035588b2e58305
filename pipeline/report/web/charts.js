"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 48rem)");

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  // The page's own colours and font: the palette is written once, in the style sheet.
  function theme() {
    const [text, muted, line, grid] = ["text", "muted", "line", "grid"].map(colour);
    const words = { labelColor: muted, titleColor: muted, labelFontSize: 11, titleFontSize: 11, titleFontWeight: 400 };
    return {
      background: "transparent",
      font: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
      padding: 2,
      view: { stroke: null },
      axis: { ...words, gridColor: grid, domainColor: line, tickColor: line, titlePadding: 6 },
      axisX: { labelSeparation: 8 },
      axisQuantitative: { tickCount: narrow.matches ? 4 : 7 },
      axisY: { labelLimit: narrow.matches ? 128 : 180 },
      legend: {
        ...words, labelColor: text, labelFontSize: 12, orient: "top", offset: 6,
        columns: narrow.matches ? 2 : 8, labelLimit: 200, direction: "horizontal",
      },
      range: {
        category: [1, 2, 3, 4, 5, 6, 7, 8].map((place) => colour(`c${place}`)),
        ramp: [colour("ramp-low"), colour("ramp-high")],
        heatmap: [colour("ramp-low"), colour("ramp-high")],
      },
      mark: { color: colour("c1") },
      style: {
        strong: { fontSize: narrow.matches ? 9.5 : 12, fontWeight: 600 },
        small: { fontSize: narrow.matches ? 9.5 : 10.5 },
      },
    };
  }

  async function draw() {
    const config = theme();
    const options = { config, renderer: "svg", actions: false, mode: "vega-lite", tooltip: { theme: dark.matches ? "dark" : "light" } };
    for (const place of document.querySelectorAll("[data-spec]")) {
      const text = document.getElementById(place.dataset.spec).textContent;
      const spec = JSON.parse(text.replace(/var\(--([\w-]+)\)/g, (_, name) => colour(name)));
      place.view?.finalize();
      place.view = (await vegaEmbed(place, spec, options)).view;
    }
    document.documentElement.dataset.drawn = dark.matches ? "dark" : "light";
  }

  let drawing = draw();
  for (const query of [dark, narrow]) {
    query.addEventListener("change", () => { drawing = drawing.then(draw); });
  }

  // Which section is being read.
  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const reading = new IntersectionObserver(
    (entries) => {
      for (const entry of entries.filter((each) => each.isIntersecting)) {
        links.forEach((link, id) => {
          link.classList.toggle("here", id === entry.target.id);
          if (id === entry.target.id) link.setAttribute("aria-current", "true");
          else link.removeAttribute("aria-current");
        });
      }
    },
    { rootMargin: "-20% 0px -70% 0px" },
  );
  document.querySelectorAll("main section").forEach((section) => reading.observe(section));
})();
