// The grid: cards for the photos in sight only, so that ten thousand cost no more than fifty.

const LEAST_WIDTH = 280;
const GAP = 24;
const CAPTION = 104;
const SPARE_ROWS = 2;

class Grid {
  constructor(element, view) {
    this.element = element;
    this.view = view;
    this.photos = [];
    this.cards = new Map();
    this.shape = 4 / 3;
    window.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.arrange()).observe(element);
  }

  // Frames take the shape of most photos.
  frameAs(photos) {
    const ratios = photos.filter((photo) => photo.shown).map(({ shown: [w, h] }) => w / h);
    const middle = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? 4 / 3;
    this.shape = Math.min(Math.max(middle, 3 / 4), 3 / 2);
  }

  show(photos) {
    this.photos = photos;
    this.clear();
    this.arrange();
  }

  clear() {
    for (const { element } of this.cards.values()) element.remove();
    this.cards.clear();
  }

  arrange() {
    const width = this.element.clientWidth;
    this.columns = Math.max(1, Math.floor((width + GAP) / (LEAST_WIDTH + GAP)));
    this.cardWidth = (width - GAP * (this.columns - 1)) / this.columns;
    this.frameHeight = Math.round(this.cardWidth / this.shape);
    this.rowHeight = this.frameHeight + CAPTION + GAP;
    const rows = Math.ceil(this.photos.length / this.columns);
    this.element.style.height = `${Math.max(0, rows * this.rowHeight - GAP)}px`;
    this.element.style.setProperty("--frame-height", `${this.frameHeight}px`);
    this.draw();
  }

  draw() {
    const top = -this.element.getBoundingClientRect().top;
    const first = Math.floor(top / this.rowHeight) - SPARE_ROWS;
    const last = Math.ceil((top + window.innerHeight) / this.rowHeight) + SPARE_ROWS;
    const from = Math.max(0, first * this.columns);
    const to = Math.min(this.photos.length, last * this.columns);
    for (const [photo, card] of this.cards) {
      // What has the keyboard's focus stays, or the next Tab would begin at the page's top.
      if ((card.at < from || card.at >= to) && !card.element.contains(document.activeElement)) {
        card.element.remove();
        this.cards.delete(photo);
      }
    }
    for (let at = from; at < to; at += 1) {
      const photo = this.photos[at];
      this.place(this.cards.get(photo) ?? this.add(photo, at));
    }
  }

  add(photo, at) {
    const card = this.view.card(photo, at);
    card.at = at;
    card.element.setAttribute("aria-setsize", this.photos.length);
    card.element.setAttribute("aria-posinset", at + 1);
    // In the order of the photos also for the Tab key.
    const later = Array.from(this.cards.values()).filter((one) => one.at > at);
    const next = later.reduce((best, one) => (best && best.at < one.at ? best : one), null);
    this.element.insertBefore(card.element, next?.element ?? null);
    this.cards.set(photo, card);
    return card;
  }

  place({ element, at }) {
    const column = at % this.columns;
    element.style.width = `${this.cardWidth}px`;
    element.style.left = `${column * (this.cardWidth + GAP)}px`;
    element.style.top = `${Math.floor(at / this.columns) * this.rowHeight}px`;
  }

  // Bring a photo into sight and give it the focus.
  focus(photo) {
    const at = this.photos.indexOf(photo);
    if (at < 0) return;
    const top = this.element.getBoundingClientRect().top + Math.floor(at / this.columns) * this.rowHeight;
    if (top < 0 || top + this.rowHeight > window.innerHeight) {
      window.scrollBy(0, top - (window.innerHeight - this.rowHeight) / 2);
      this.draw();
    }
    this.cards.get(photo)?.name.focus({ preventScroll: true });
  }
}
