// The page: what the controls say, applied to the photos.

const find = (selector) => document.querySelector(selector);
const photos = readPhotos();
const keys = sortKeys(photos);
const state = { outcome: null, words: "", key: keys[0], descending: false, split: null };
const splits = new Map();

const choices = new Choices(() => refresh());

const view = {
  choices,
  closeUp: false,
  // Where nobody has moved the slider, the part that is shown is whole.
  splitOf: (photo, part) => splits.get(photo) ?? state.split ?? beside(photo, part),
  keep: (photo, split) => {
    splits.set(photo, split);
    grid.cards.get(photo)?.stage.setSplit(split);
  },
  left: (photo) => grid.focus(photo),
  card: makeCard,
};
const grid = new Grid(find(".grid"), view);
const enlarged = new Enlarged(find(".enlarged"), view);

function makeCard(photo) {
  const open = () => enlarged.open(grid.photos, grid.photos.indexOf(photo));
  const stage = new Stage(photo, { split: (split) => splits.set(photo, split), tap: open });
  const face = view.closeUp ? largestFace(photo) : null;
  stage.setSplit(view.splitOf(photo, face));
  if (face !== null) stage.setRegion(closeUp(photo, face));
  const name = make("button", "name", { type: "button", textContent: photo.file, title: photo.name });
  name.addEventListener("click", open);
  const about = [inSeconds(photo.seconds)];
  if (photo.faces || photo.outcome !== "failed") about.unshift(countOf(photo.faces, "face", "faces"));
  if (photo.folder) about.unshift(photo.folder.slice(0, -1));
  const element = make(
    "article",
    "card",
    {},
    make("div", "frame", {}, stage.element),
    make(
      "div",
      "caption",
      {},
      make("div", "line", {}, name, make("span", `badge ${photo.outcome}`, { textContent: photo.outcome }), ...choiceOf(photo)),
      make("p", "about", { textContent: about.join(" · "), title: photo.folder }),
      make("p", "scores", { title: photo.reason }, ...scoresOf(photo)),
    ),
  );
  element.setAttribute("role", "listitem");
  return { element, stage, name };
}

function choiceOf(photo) {
  const inWords = ({ choice, strength }) => [choice, strength === 1 ? "" : `× ${strength}`].filter(Boolean);
  const faces = choices.faces(photo).map(([face, made]) => [`face ${face + 1}`, ...inWords(made)].join(" "));
  const words = [inWords(choices.of(photo)).join(" "), ...faces].filter(Boolean).join(", ");
  return words ? [make("span", "badge chosen", { textContent: words, title: words })] : [];
}

function scoresOf(photo) {
  const parts = photo.reason ? [make("span", "reason", { textContent: photo.reason })] : [];
  // The score that the photos are sorted by comes first, where no narrow card cuts it off.
  const names = Object.keys(photo.scores);
  names.sort((one, other) => (other === state.key.score) - (one === state.key.score));
  for (const name of names) {
    const score = make("span", "score", { textContent: `${name} `, title: meaningOf(name) });
    score.append(make("b", "", { textContent: inDigits(photo.scores[name]) }));
    score.classList.toggle("sorted", name === state.key.score);
    parts.push(score);
  }
  return parts;
}

function refresh() {
  const shown = inOrder(chosen(photos, state.outcome, state.words), state.key, state.descending);
  grid.show(shown);
  const all = photos.length ? countOf(photos.length, "photo", "photos") : "There are no photos.";
  const some = `${shown.length.toLocaleString("en")} of ${all}`;
  find(".status").textContent = shown.length === photos.length ? all : some;
  find(".nothing").hidden = shown.length > 0 || photos.length === 0;
  const way = state.descending ? "descending" : "ascending";
  find(".direction").textContent = state.descending ? "↓" : "↑";
  find(".direction").title = `Sorted ${way}; click to turn round`;
  find(".direction").setAttribute("aria-label", `Sorted ${way}, turn round`);
  for (const button of find(".outcomes").children) {
    button.setAttribute("aria-pressed", String((button.dataset.outcome || null) === state.outcome));
  }
}

function change(values) {
  Object.assign(state, values);
  refresh();
  const top = find("main").getBoundingClientRect().top;
  const bar = getComputedStyle(find(".tools")).position === "sticky" ? find(".tools").offsetHeight : 0;
  if (top < bar) window.scrollBy(0, top - bar);
}

function splitBy(button) {
  return button.dataset.split === "" ? null : Number(button.dataset.split);
}

function markView() {
  for (const button of find(".views").children) {
    button.setAttribute("aria-pressed", String(splitBy(button) === state.split));
  }
}

function addOutcome(label, outcome, count) {
  const button = make("button", outcome ?? "all", { type: "button" }, `${label} `);
  button.append(make("b", "", { textContent: count.toLocaleString("en") }));
  if (outcome) button.dataset.outcome = outcome;
  button.addEventListener("click", () => change({ outcome }));
  find(".outcomes").append(button);
}

function start() {
  addOutcome("All", null, photos.length);
  for (const outcome of [...OUTCOMES].reverse()) {
    const count = photos.filter((photo) => photo.outcome === outcome).length;
    if (count) addOutcome(outcome[0].toUpperCase() + outcome.slice(1), outcome, count);
  }
  find("#key").append(...keys.map(({ id, label }) => make("option", "", { value: id, textContent: label })));
  find("#key").addEventListener("change", (event) => {
    change({ key: keys.find(({ id }) => id === event.target.value) });
  });
  find(".direction").addEventListener("click", () => change({ descending: !state.descending }));
  find(".words").addEventListener("input", (event) => change({ words: event.target.value }));
  find(".clear").addEventListener("click", () => {
    find(".words").value = "";
    change({ outcome: null, words: "" });
  });
  for (const button of find(".views").children) {
    button.addEventListener("click", () => {
      splits.clear();
      state.split = splitBy(button);
      markView();
      for (const [photo, { stage }] of grid.cards) {
        stage.setSplit(view.splitOf(photo, view.closeUp ? largestFace(photo) : null));
      }
    });
  }
  find(".heat").hidden = photos.every((photo) => photo.outcome !== "edited");
  find(".heat").addEventListener("click", (event) => {
    const shown = document.body.classList.toggle("changes");
    event.currentTarget.setAttribute("aria-pressed", String(shown));
  });
  find(".close-up").hidden = photos.every((photo) => photo.boxes.length === 0);
  find(".close-up").addEventListener("click", (event) => {
    view.closeUp = !view.closeUp;
    event.currentTarget.setAttribute("aria-pressed", String(view.closeUp));
    refresh();
  });
  find(".save").hidden = photos.every((photo) => !photo.source);
  find(".save").addEventListener("click", () => choices.save(photos));
  find(".tools").hidden = photos.length === 0;
  markView();
  grid.frameAs(photos);
  refresh();
}

start();
