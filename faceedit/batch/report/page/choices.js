// What a person chooses for each photo, or for one of its faces, and the table of it that
// `faceedit apply @choices.csv` reads.

const ACCEPT = "accept";
const REJECT = "reject";

class Choices {
  constructor(changed) {
    this.made = new Map();
    this.changed = changed;
  }

  // Of a face, counted from 0, or of the whole photo.
  of(photo, face = null) {
    const made = this.made.get(photo) ?? { choice: "", strength: 1, faces: new Map() };
    return face === null ? made : (made.faces.get(face) ?? { choice: "", strength: 1 });
  }

  set(photo, values, face = null) {
    const next = { ...this.of(photo, face), ...values };
    const whole = face === null ? next : this.of(photo);
    const isPlain = next.choice === "" && next.strength === 1;
    if (face !== null && isPlain) whole.faces.delete(face);
    if (face !== null && !isPlain) whole.faces.set(face, next);
    if (whole.choice === "" && whole.strength === 1 && whole.faces.size === 0) this.made.delete(photo);
    else this.made.set(photo, whole);
    this.changed();
  }

  // In the order of the faces.
  faces(photo) {
    return Array.from(this.of(photo).faces).sort(([one], [other]) => one - other);
  }

  // All photos are in it: one that is missing would be asked for nothing.
  table(photos) {
    const rows = photos
      .filter((photo) => photo.source)
      .flatMap((photo) => {
        const own = this.faces(photo).map(([face, made]) => [String(face + 1), made]);
        return [["", this.of(photo)], ...own].map(([face, { choice, strength }]) => {
          const said = choice === REJECT ? REJECT : ACCEPT;
          return [photo.source, photo.target, face, String(strength), said].map(inCsv).join(",");
        });
      });
    return ["file,target,face,strength,choice", ...rows, ""].join("\n");
  }

  save(photos) {
    const data = new Blob([this.table(photos)], { type: "text/csv" });
    const link = make("a", "", { href: URL.createObjectURL(data), download: "choices.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}

function inCsv(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
