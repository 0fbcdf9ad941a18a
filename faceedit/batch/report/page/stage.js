// The stage: both pictures on top of each other and the slider between them.

const WHOLE = { x: 0, y: 0, width: 1, height: 1 };
const STEADY = 5;

class Stage {
  // on.split(value) hears of a moved slider, on.tap() of a click; without it a click moves too.
  constructor(photo, on) {
    this.photo = photo;
    this.on = on;
    this.element = make("div", "stage");
    const [before, after] = picturesOf(photo);
    this.slides = Boolean(before && after);
    if (!before && !after) {
      const lines = ["This file cannot be shown.", photo.reason];
      const blank = lines.map((line) => make("p", "", { textContent: line }));
      this.element.append(make("div", "blank", {}, ...blank));
      this.element.classList.add("empty");
      this.setRegion(WHOLE);
      return;
    }
    if (after) this.element.append(this.side("after", after));
    if (before) this.element.append(this.side("before", before));
    this.element.append(this.boxes());
    if (this.slides) {
      this.addSlider();
    } else if (photo.hasAfter) {
      const missing = before ? "after" : "before";
      this.element.append(
        make("p", "note", { textContent: `The picture ${missing} cannot be shown.` }),
      );
    }
    this.listen();
    this.setRegion(WHOLE);
  }

  side(name, address) {
    const image = make("img", "", { src: address, draggable: false, decoding: "async" });
    image.alt = `${this.photo.name}, ${name}`;
    return make("div", `side ${name}`, {}, make("div", "plane", {}, image));
  }

  boxes() {
    const plane = make("div", "plane");
    for (const [left, top, right, bottom] of this.photo.boxes) {
      const box = make("div", "box");
      box.style.left = `${100 * left}%`;
      box.style.top = `${100 * top}%`;
      box.style.width = `${100 * (right - left)}%`;
      box.style.height = `${100 * (bottom - top)}%`;
      plane.append(box);
    }
    return make("div", "side boxes", {}, plane);
  }

  addSlider() {
    this.range = make("input", "", { type: "range", min: 0, max: 100, step: 2 });
    this.range.setAttribute("aria-label", `Before and after, ${this.photo.name}`);
    this.range.addEventListener("input", () => this.moveTo(Number(this.range.value)));
    this.element.append(
      make("span", "pill left", { textContent: "Before" }),
      make("span", "pill right", { textContent: "After" }),
      make("div", "divider", {}, make("div", "handle")),
      this.range,
    );
  }

  moveTo(split) {
    this.setSplit(split);
    this.on.split?.(split);
  }

  // The divider's place in percent from the left: left of it is before, right of it after.
  setSplit(split) {
    if (!this.slides) return;
    const rounded = Math.round(split);
    this.element.style.setProperty("--split", `${split}%`);
    this.element.classList.toggle("only-after", split < 20);
    this.element.classList.toggle("only-before", split > 80);
    this.range.value = split;
    this.range.setAttribute("aria-valuetext", `${rounded}% before, ${100 - rounded}% after`);
  }

  setRegion(region) {
    const [width, height] = this.photo.shown ?? [4, 3];
    const style = this.element.style;
    for (const name of ["x", "y", "width", "height"]) style.setProperty(`--${name}`, region[name]);
    style.setProperty("--ratio", (region.width * width) / (region.height * height));
    // Few pixels are not blown up to a wall of blocks.
    style.setProperty("--cap", `${Math.max(480, 3 * region.width * width)}px`);
  }

  listen() {
    let start = null;
    let sliding = false;
    const element = this.element;
    const follow = (event) => {
      const place = element.getBoundingClientRect();
      const split = (100 * (event.clientX - place.left)) / place.width;
      this.moveTo(Math.min(Math.max(split, 0), 100));
    };
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      start = event.clientX;
      sliding = false;
    });
    element.addEventListener("pointermove", (event) => {
      // A button that was let go elsewhere has left no event here.
      if (event.buttons === 0) start = null;
      if (start === null || !this.slides) return;
      if (!sliding && Math.abs(event.clientX - start) < STEADY) return;
      if (!sliding) element.setPointerCapture(event.pointerId);
      sliding = true;
      follow(event);
    });
    element.addEventListener("pointerup", (event) => {
      if (start !== null && !sliding) {
        if (this.on.tap) this.on.tap();
        else if (this.slides) follow(event);
      }
      start = null;
    });
    // The browser took the finger's movement for scrolling.
    element.addEventListener("pointercancel", () => (start = null));
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && this.on.tap) this.on.tap();
    });
  }
}
