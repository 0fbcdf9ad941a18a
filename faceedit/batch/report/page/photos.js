// The photos: read from the page, put in order, chosen, and described in words.

// In the order of sorting: what needs a look comes first.
const OUTCOMES = ["failed", "skipped", "copied", "edited"];
const MARGIN = 1.9;
const SPARE = 0.01;

function readPhotos() {
  return Array.from(document.querySelectorAll("script.photo"), (element, index) => {
    const photo = JSON.parse(element.textContent);
    const cut = photo.name.lastIndexOf("/") + 1;
    return Object.assign(photo, {
      index,
      folder: photo.name.slice(0, cut),
      file: photo.name.slice(cut),
      words: `${photo.name}\n${photo.reason}`.toLowerCase(),
      pictures: element.nextElementSibling,
    });
  });
}

// Before and after as addresses; an empty one where there is no picture.
function picturesOf(photo) {
  const lines = photo.pictures.textContent.split("\n");
  return lines.map((line) => (line ? `data:image/jpeg;base64,${line}` : ""));
}

function sortKeys(photos) {
  const scores = new Set(photos.flatMap((photo) => Object.keys(photo.scores)));
  return [
    { id: "order", label: "Order of the run", value: (photo) => photo.index },
    { id: "name", label: "Name", value: (photo) => photo.name },
    { id: "outcome", label: "Outcome", value: (photo) => OUTCOMES.indexOf(photo.outcome) },
    ...Array.from(scores).sort().map((name) => ({
      id: `score:${name}`,
      label: name,
      score: name,
      value: (photo) => (Object.hasOwn(photo.scores, name) ? photo.scores[name] : null),
    })),
    { id: "faces", label: "Number of faces", value: (photo) => photo.faces },
    { id: "seconds", label: "Seconds", value: (photo) => photo.seconds },
  ];
}

const collator = new Intl.Collator("en", { numeric: true });

// Photos without a value come last in both directions; equal ones keep the order of the run.
function inOrder(photos, key, descending) {
  const sign = descending ? -1 : 1;
  const valued = photos.map((photo) => [key.value(photo), photo]);
  valued.sort(([a, one], [b, other]) => {
    if (a === null || b === null) {
      return (a === null) - (b === null) || one.index - other.index;
    }
    const difference = typeof a === "string" ? collator.compare(a, b) : a - b;
    return sign * difference || one.index - other.index;
  });
  return valued.map(([, photo]) => photo);
}

function chosen(photos, outcome, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return photos.filter(
    (photo) =>
      (outcome === null || photo.outcome === outcome) &&
      wanted.every((word) => photo.words.includes(word)),
  );
}

// A square about a face, moved and shrunk to lie inside the photo; all in fractions of the photo.
function closeUp(photo, face) {
  const [width, height] = photo.size;
  const [left, top, right, bottom] = photo.boxes[face];
  const longer = Math.max((right - left) * width, (bottom - top) * height);
  const side = Math.max(Math.min(MARGIN * longer, width, height), 1);
  const inside = (centre, whole) =>
    Math.min(Math.max(centre * whole - side / 2, 0), whole - side) / whole;
  return {
    x: inside((left + right) / 2, width),
    y: inside((top + bottom) / 2, height),
    width: side / width,
    height: side / height,
  };
}

function largestFace(photo) {
  const [width, height] = photo.size ?? [1, 1];
  const areas = photo.boxes.map(([l, t, r, b]) => (r - l) * width * (b - t) * height);
  return areas.length ? areas.indexOf(Math.max(...areas)) : null;
}

// Where the slider starts, in percent of the part that is shown (null is the whole photo): left of
// its face, or of the largest one, where it cuts none.
function beside(photo, part) {
  const face = part ?? largestFace(photo);
  if (face === null) return 50;
  const region = part === null ? WHOLE : closeUp(photo, part);
  const sides = photo.boxes.map(([left, top, right, bottom]) => [left - SPARE, right + SPARE]);
  let at = sides[face][0];
  for (let moved = true; moved; ) {
    const cut = sides.find(([left, right]) => left < at && at < right);
    moved = cut !== undefined && part === null;
    if (moved) at = cut[0];
  }
  const split = (100 * (at - region.x)) / region.width;
  return Math.min(Math.max(split, 0), 100);
}

// What the scores mean, for whoever points at one.
const MEANINGS = {
  face: "How sure the finder is that there is a face, 0 to 1; of several the least sure",
  strength: "Strength of the edit as it was applied; 1 is what people clearly call by its name",
  shown: "How far the face showed the target already, 0 to 1; so much less was added",
  held: "Part of the strength that the quality gates let pass, 0 to 1",
  identity: "How alike the face is before and after: 1 is the same picture, two people have about 0.07",
  naturalness: "How natural the edited face looks, 0 to 10; photos have about 7",
  moved: "How far the skin was moved, in distances between the eyes",
  relit: "How much brightness was changed; 0.1 is about a tenth",
  turned: "By how many degrees the head was turned",
};

function meaningOf(score) {
  return Object.hasOwn(MEANINGS, score) ? MEANINGS[score] : "";
}

function inDigits(value) {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  return String(size < 0.001 ? +value.toPrecision(2) : +value.toFixed(3));
}

function countOf(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

function inSeconds(seconds) {
  if (seconds < 0.05) return "under 0.1 s";
  return seconds < 10 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds).toLocaleString("en")} s`;
}

function make(tag, name, values, ...children) {
  const element = Object.assign(document.createElement(tag), values);
  if (name) element.className = name;
  element.append(...children);
  return element;
}
