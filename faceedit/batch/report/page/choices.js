// What a person chooses for each photo, and the table of it that `faceedit apply @choices.csv` reads.

const ACCEPT = "accept";
const REJECT = "reject";

class Choices {
  constructor(changed) {
    this.made = new Map();
    this.changed = changed;
  }

  of(photo) {
    return this.made.get(photo) ?? { choice: "", strength: 1 };
  }

  set(photo, values) {
    const next = { ...this.of(photo), ...values };
    if (next.choice === "" && next.strength === 1) this.made.delete(photo);
    else this.made.set(photo, next);
    this.changed();
  }

  // All photos are in it: one that is missing would be asked for nothing.
  table(photos) {
    const rows = photos
      .filter((photo) => photo.source)
      .map((photo) => {
        const { choice, strength } = this.of(photo);
        const cells = [photo.source, photo.target, String(strength), choice === REJECT ? REJECT : ACCEPT];
        return cells.map(inCsv).join(",");
      });
    return ["file,target,strength,choice", ...rows, ""].join("\n");
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
