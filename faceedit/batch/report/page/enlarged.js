// One photo enlarged, with everything that is known of it.

class Enlarged {
  constructor(dialog, view) {
    this.dialog = dialog;
    this.view = view;
    this.photos = [];
    this.at = 0;
    this.part = null;
    const click = (name, act) => this.find(name).addEventListener("click", act);
    click(".previous", () => this.step(-1));
    click(".next", () => this.step(1));
    click(".close", () => dialog.close());
    this.find(".mark input").addEventListener("change", () => this.mark());
    for (const button of this.find(".choice").querySelectorAll("button")) {
      button.addEventListener("click", () => this.choose(button.dataset.choice));
    }
    this.find(".strength").addEventListener("change", (event) => {
      this.view.choices.set(this.photos[this.at], { strength: Number(event.target.value) }, this.face);
      this.showChoice();
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "n") this.step(1);
      if (event.key === "p") this.step(-1);
      if (event.key === "a") this.choose(ACCEPT);
      if (event.key === "r") this.choose(REJECT);
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener("close", () => {
      this.find(".frame").replaceChildren();
      this.view.left(this.photos[this.at]);
    });
  }

  // The face that is chosen for, among several; null for the whole photo.
  get face() {
    return this.photos[this.at].boxes.length > 1 ? this.part : null;
  }

  find(selector) {
    return this.dialog.querySelector(selector);
  }

  open(photos, at) {
    this.photos = photos;
    this.dialog.showModal();
    this.show(at);
  }

  step(by) {
    const at = this.at + by;
    if (at >= 0 && at < this.photos.length) this.show(at);
  }

  show(at) {
    this.at = at;
    const photo = this.photos[at];
    this.find("h2").textContent = photo.name;
    const badge = this.find(".badge");
    badge.textContent = photo.outcome;
    badge.className = `badge ${photo.outcome}`;
    this.find(".place").textContent = `${(at + 1).toLocaleString("en")} of ${this.photos.length.toLocaleString("en")}`;
    this.find(".previous").disabled = at === 0;
    this.find(".next").disabled = at === this.photos.length - 1;
    this.stage = new Stage(photo, { split: (split) => this.view.keep(photo, split) });
    this.find(".frame").replaceChildren(this.stage.element);
    this.listParts(photo);
    this.showPart(this.view.closeUp ? largestFace(photo) : null);
    this.find(".mark").hidden = photo.boxes.length === 0;
    this.mark();
    this.find(".details").replaceChildren(...this.details(photo));
    (this.stage.range ?? this.find(".close")).focus({ preventScroll: true });
  }

  listParts(photo) {
    const parts = [null, ...photo.boxes.keys()];
    const buttons = parts.map((part) => {
      const label = part === null ? "Whole photo" : photo.boxes.length > 1 ? `Face ${part + 1}` : "Face";
      const button = make("button", "", { type: "button", textContent: label });
      button.addEventListener("click", () => this.showPart(part));
      return button;
    });
    this.find(".parts").replaceChildren(...buttons);
    this.find(".parts").hidden = photo.boxes.length === 0;
  }

  showPart(part) {
    const photo = this.photos[this.at];
    this.part = part;
    this.stage.setRegion(part === null ? WHOLE : closeUp(photo, part));
    this.stage.setSplit(this.view.splitOf(photo, part));
    this.showChoice();
    Array.from(this.find(".parts").children).forEach((button, place) => {
      button.setAttribute("aria-pressed", String(place === (part === null ? 0 : part + 1)));
    });
  }

  // The same choice again takes it back.
  choose(choice) {
    const photo = this.photos[this.at];
    if (!photo.source) return;
    const before = this.view.choices.of(photo, this.face).choice;
    this.view.choices.set(photo, { choice: before === choice ? "" : choice }, this.face);
    this.showChoice();
  }

  showChoice() {
    const photo = this.photos[this.at];
    const { choice, strength } = this.view.choices.of(photo, this.face);
    this.find(".whose").hidden = photo.boxes.length < 2;
    this.find(".whose").textContent = this.face === null ? "All faces" : `Face ${this.face + 1}`;
    this.find(".choice").hidden = !photo.source;
    for (const button of this.find(".choice").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.choice === choice));
    }
    this.find(".strength").value = strength;
    this.find(".choice output").textContent = strength.toFixed(1);
  }

  mark() {
    this.stage.element.classList.toggle("marked", this.find(".mark input").checked);
  }

  details(photo) {
    const pairs = [
      ["Reason", photo.reason],
      ...Object.entries(photo.scores).map(([name, value]) => [name, inDigits(value)]),
      ["Faces", inDigits(photo.faces)],
      ["Time", inSeconds(photo.seconds)],
      ["Pixels", photo.size ? photo.size.join(" × ") : ""],
    ];
    return pairs
      .filter(([, value]) => value !== "")
      .map(([name, value]) =>
        make("div", "", {}, make("dt", "", { textContent: name, title: meaningOf(name) }), make("dd", "", { textContent: value })),
      );
  }
}
