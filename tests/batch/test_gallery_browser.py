import re

import pytest
import skimage.data
from browser import Browser, find_chromium
from PIL import Image, ImageEnhance

from faceedit.batch.report import ReportItem, write_gallery

RED, BLUE, GREEN = (254, 0, 0), (0, 0, 254), (0, 128, 0)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium on this machine")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A red photo, its blue edit, and a broken file."""
    folder = tmp_path_factory.mktemp("photos")
    Image.new("RGB", (600, 400), "red").save(folder / "before.png")
    Image.new("RGB", (600, 400), "blue").save(folder / "after.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return folder


@pytest.fixture(scope="module")
def page(folder):
    """Six photos of all outcomes; the scores differ in order from the names."""
    before, after = folder / "before.png", folder / "after.png"
    box = ((150.0, 100.0, 350.0, 300.0),)

    def edited(name, identity, seconds):
        scores = {"identity": identity, "moved": 1 - identity}
        return ReportItem(name, before, after, "edited", "", box, scores, seconds)

    items = [
        edited("day/IMG_10.jpg", 0.5, 3.0),
        edited("day/IMG_9.jpg", 0.9, 1.0),
        edited("day/IMG_11.jpg", 0.7, 2.0),
        ReportItem("sea.jpg", before, before, "copied", "no face was found", (), {}, 0.5),
        ReportItem("hat.jpg", before, None, "skipped", "too dark", box, {"identity": 0.6}, 0.7),
        ReportItem("cut.jpg", folder / "broken.jpg", None, "failed", "its data is cut off"),
    ]
    path = folder / "page.html"
    write_gallery(items, path, "Photos of a day", {"Target": "happy:1.3", "Method": "reggan"})
    return path


@pytest.fixture
def tab(browser, page):
    """The page, freshly opened; at the end nothing was fetched and nothing went wrong."""
    browser.requests.clear()
    browser.trouble.clear()
    browser.open(page)
    yield browser
    assert browser.trouble == []
    fetched = [url for url in browser.requests if not url.startswith("data:")]
    assert set(fetched) == {page.as_uri()}


def names(tab):
    tab.settle()
    found = "Array.from(document.querySelectorAll('.card .name'), (one) => one.textContent)"
    return tab.run(found)


def sort(tab, key):
    tab.run(
        f"(() => {{ const select = document.querySelector('#key'); select.value = '{key}';"
        "select.dispatchEvent(new Event('change')); })()"
    )


def shown(tab, selector, x, y=0.3):
    """Return the pixel of a screenshot at fractions of an element's width and height."""
    left, top, right, bottom = tab.box(selector)
    image = tab.screenshot()
    return image.getpixel((left + x * (right - left), top + y * (bottom - top)))


def is_like(colour):
    return pytest.approx(colour, abs=12)


def test_the_slider_starts_where_the_face_is_whole(tab):
    # The face lies from a quarter of the width on.
    assert shown(tab, ".stage", 0.21) == is_like(RED)
    assert shown(tab, ".stage", 0.27) == is_like(BLUE)
    tab.click(".close-up")
    # Close up it is the middle of 1.9 of its widths.
    assert shown(tab, ".stage", 0.2) == is_like(RED)
    assert shown(tab, ".stage", 0.26) == is_like(BLUE)
    tab.click(".close-up")
    tab.click(".views [data-split='0']")
    tab.click(".views [data-split='']")
    assert shown(tab, ".stage", 0.21) == is_like(RED)


def test_one_face_of_several_is_chosen_for(browser, folder):
    before, after = folder / "before.png", folder / "after.png"
    boxes = ((150.0, 100.0, 350.0, 300.0), (360.0, 100.0, 460.0, 200.0))
    item = ReportItem("a.png", before, after, "edited", "", boxes, source="photos/a.png")
    write_gallery([item], folder / "faces.html", "Faces", {})
    browser.open(folder / "faces.html")
    browser.run(
        "URL.createObjectURL = (blob) => { window.saved = blob.text(); return 'data:,'; };"
        "document.querySelector('.card .name').click()"
    )
    whose = "document.querySelector('.whose').textContent"
    assert browser.run(whose) == "All faces"
    browser.click(".parts button:nth-child(3)")
    assert browser.run(whose) == "Face 2"
    browser.run(
        "(() => { const range = document.querySelector('.strength'); range.value = 0.4;"
        "range.dispatchEvent(new Event('change')); })()"
    )
    browser.click(".parts button:nth-child(2)")
    browser.click("[data-choice='reject']")
    browser.click(".close")
    badge = "document.querySelector('.card .chosen').textContent"
    assert browser.run(badge) == "face 1 reject, face 2 \xd7 0.4"
    browser.click(".save")
    assert browser.run("window.saved").splitlines() == [
        "file,target,face,strength,choice",
        "photos/a.png,,,1,accept",
        "photos/a.png,,1,1,reject",
        "photos/a.png,,2,0.4,accept",
    ]


def test_the_mouse_moves_the_slider(tab):
    assert shown(tab, ".stage", 0.2) == is_like(RED)
    assert shown(tab, ".stage", 0.7) == is_like(BLUE)
    left, top, right, bottom = tab.box(".stage")
    middle = (top + bottom) / 2
    tab.drag((left + 0.24 * (right - left), middle), (left + 0.85 * (right - left), middle))
    assert shown(tab, ".stage", 0.7) == is_like(RED)
    assert shown(tab, ".stage", 0.95) == is_like(BLUE)
    assert tab.run("document.querySelector('dialog').open") is False


def test_the_keyboard_moves_the_slider(tab):
    tab.run("document.querySelector('.stage input').focus()")
    tab.press("Home")
    assert shown(tab, ".stage", 0.1) == is_like(BLUE)
    for _ in range(10):
        tab.press("ArrowRight")
    about = "document.querySelector('.stage input').getAttribute('aria-valuetext')"
    assert tab.run(about) == "20% before, 80% after"
    assert shown(tab, ".stage", 0.1) == is_like(RED)
    assert shown(tab, ".stage", 0.3) == is_like(BLUE)
    label = tab.run("document.querySelector('.stage input').getAttribute('aria-label')")
    assert label == "Before and after, day/IMG_10.jpg"


def test_a_finger_moves_the_slider_and_still_scrolls(tab):
    tab.resize(390, 700)
    tab.call("Emulation.setTouchEmulationEnabled", enabled=True)
    try:
        left, top, right, bottom = tab.box(".stage")
        middle = (top + bottom) / 2
        tab.swipe(((left + right) / 2, middle), (left + 0.1 * (right - left), middle))
        assert shown(tab, ".stage", 0.3) == is_like(BLUE)
        tab.swipe((left + 200, bottom - 10), (left + 200, top - 100))
        tab.settle()
        assert tab.run("window.scrollY") > 50
    finally:
        tab.call("Emulation.setTouchEmulationEnabled", enabled=False)


def test_all_sliders_at_once(tab):
    tab.click(".views [data-split='100']")
    assert shown(tab, ".stage", 0.9) == is_like(RED)
    tab.click(".views [data-split='0']")
    assert shown(tab, ".stage", 0.1) == is_like(BLUE)


def test_changes_are_drawn_hot(browser, folder):
    half = Image.open(folder / "before.png")
    half.paste((120, 60, 0), (300, 0, 600, 400))
    half.save(folder / "half.png")
    item = ReportItem("a.jpg", folder / "before.png", folder / "half.png", "edited")
    write_gallery([item], folder / "half.html", "Half", {})
    browser.open(folder / "half.html")
    assert shown(browser, ".stage", 0.2) == is_like(RED)
    browser.click(".heat")
    assert shown(browser, ".stage", 0.2) == is_like((0, 0, 0))
    assert sum(shown(browser, ".stage", 0.8)) > 300
    browser.click(".heat")
    assert shown(browser, ".stage", 0.2) == is_like(RED)


def test_sorting(tab):
    run = ["IMG_10.jpg", "IMG_9.jpg", "IMG_11.jpg", "sea.jpg", "hat.jpg", "cut.jpg"]
    assert names(tab) == run
    keys = tab.run("Array.from(document.querySelector('#key').options, (one) => one.value)")
    assert keys == [
        "order",
        "name",
        "outcome",
        "score:identity",
        "score:moved",
        "faces",
        "seconds",
    ]
    sort(tab, "score:identity")
    by_identity = ["IMG_10.jpg", "hat.jpg", "IMG_11.jpg", "IMG_9.jpg"]
    without = ["sea.jpg", "cut.jpg"]
    assert names(tab) == by_identity + without
    tab.click(".direction")
    assert names(tab) == by_identity[::-1] + without
    tab.click(".direction")
    sort(tab, "outcome")
    assert names(tab) == ["cut.jpg", "hat.jpg", "sea.jpg", "IMG_10.jpg", "IMG_9.jpg", "IMG_11.jpg"]
    sort(tab, "name")
    assert names(tab)[:3] == ["cut.jpg", "IMG_9.jpg", "IMG_10.jpg"]
    sort(tab, "seconds")
    assert names(tab) == ["cut.jpg", "sea.jpg", "hat.jpg", "IMG_9.jpg", "IMG_11.jpg", "IMG_10.jpg"]


def test_choosing(tab):
    counts = tab.run(
        "Array.from(document.querySelectorAll('.outcomes button'), (one) => one.textContent)"
    )
    assert counts == ["All 6", "Edited 3", "Copied 1", "Skipped 1", "Failed 1"]
    tab.click(".outcomes .edited")
    assert names(tab) == ["IMG_10.jpg", "IMG_9.jpg", "IMG_11.jpg"]
    assert tab.run("document.querySelector('.status').textContent") == "3 of 6 photos"
    tab.run("document.querySelector('.words').focus()")
    tab.type("img_1 DAY")
    assert names(tab) == ["IMG_10.jpg", "IMG_11.jpg"]
    tab.click(".outcomes .failed")
    assert names(tab) == []
    tab.click(".clear")
    assert len(names(tab)) == 6
    tab.run("document.querySelector('.words').focus()")
    tab.type("too dark")
    assert names(tab) == ["hat.jpg"]


def test_enlarged(tab):
    tab.click(".card .stage")
    assert tab.run("document.querySelector('dialog').open") is True
    left, _, right, _ = tab.box("dialog .stage")
    assert right - left > 700
    assert shown(tab, "dialog .stage", 0.7) == is_like(BLUE)
    tab.press("End")
    assert shown(tab, "dialog .stage", 0.7) == is_like(RED)
    details = tab.run("document.querySelector('.details').innerText")
    assert re.search(r"identity\s+0\.5\b", details)
    tab.click(".next")
    title = "document.querySelector('dialog h2').textContent"
    assert tab.run(title) == "day/IMG_9.jpg"
    tab.press("Escape")
    tab.settle()
    assert tab.run("document.querySelector('dialog').open") is False
    assert tab.run("document.activeElement.textContent") == "IMG_9.jpg"
    assert shown(tab, ".stage", 0.7) == is_like(RED), "the card keeps the slider's place"


def test_a_file_that_cannot_be_shown_says_so(tab):
    tab.click(".outcomes .failed")
    card = tab.run("document.querySelector('.card').innerText")
    assert "This file cannot be shown." in card
    assert "its data is cut off" in card
    tab.click(".card .name")
    assert tab.run("document.querySelector('dialog').open") is True


def test_light_and_dark(tab, page):
    bright = sum(tab.screenshot().getpixel((5, 5)))
    tab.open(page, dark=True)
    dark = sum(tab.screenshot().getpixel((5, 5)))
    assert bright > 650
    assert dark < 120


def test_the_page_may_fetch_nothing(browser, page):
    browser.open(page)
    refused = browser.run(
        "new Promise((done) => { document.addEventListener('securitypolicyviolation',"
        " (event) => done(event.effectiveDirective));"
        " const image = new Image(); image.src = 'http://127.0.0.1:9/a.png'; })"
    )
    assert refused == "img-src"


def test_names_are_only_shown(browser, folder):
    texts = (
        "</script><script>window.taken = 1</script>.jpg",
        "<img src=x onerror='window.taken = 1'>.jpg",
        b"no \xff text.jpg".decode("utf-8", "surrogateescape"),
        "\"' line\nfeed.jpg",
    )
    items = [
        ReportItem(text, folder / "before.png", None, "failed", text, (), {text: 1.0})
        for text in texts
    ]
    write_gallery(items, folder / "nasty.html", texts[0], {texts[1]: texts[1]})
    browser.trouble.clear()
    browser.open(folder / "nasty.html")
    assert browser.run("document.title") == texts[0]
    assert browser.run("window.taken === undefined")
    shown = browser.run("Array.from(document.querySelectorAll('.card .name'), (one) => one.title)")
    assert shown == [*texts[:2], "no \ufffd text.jpg", "\"' line␊feed.jpg"]
    browser.click(".card .name")
    assert browser.run("document.querySelector('dialog h2').textContent") == texts[0]
    assert browser.run("document.querySelectorAll('.card img').length") == 4
    assert browser.trouble == []


def test_only_photos_in_sight_are_built(browser, folder):
    green = folder / "green.png"
    Image.new("RGB", (30, 20), "green").save(green)
    items = (ReportItem(f"{at}.jpg", green, green, "edited") for at in range(700))
    write_gallery(items, folder / "many.html", "Many", {}, count=700)
    browser.open(folder / "many.html")
    assert browser.run("document.querySelectorAll('.card').length") < 60
    browser.run("window.scrollTo(0, document.body.scrollHeight)")
    assert names(browser)[-1] == "699.jpg"
    assert browser.run("document.querySelectorAll('.card').length") < 60
    assert shown(browser, ".card:last-child .stage", 0.3) == is_like(GREEN)


def test_portraits(browser, folder, tmp_path):
    portrait = Image.fromarray(skimage.data.astronaut())
    portrait.save(folder / "portrait.jpg")
    ImageEnhance.Brightness(portrait).enhance(1.3).save(folder / "portrait-edited.jpg")
    item = ReportItem(
        "astronaut.jpg",
        folder / "portrait.jpg",
        folder / "portrait-edited.jpg",
        "edited",
        boxes=((180.0, 70.0, 270.0, 195.0),),
        scores={"identity": 0.91},
    )
    write_gallery([item] * 8, folder / "portraits.html", "Portraits", {"Target": "happy"})
    for width in (390, 1440):
        browser.open(folder / "portraits.html", width)
        browser.screenshot().save(tmp_path / f"{width}.png")
        assert browser.run("document.documentElement.scrollWidth") <= width
    whole = browser.screenshot()
    assert len(whole.getcolors(whole.width * whole.height) or ()) > 10_000
    for place, edited in ((0.3, False), (0.54, True)):
        pixels = []
        for split in ("100", "", "0"):
            browser.click(f".views [data-split='{split}']")
            pixels.append(sum(shown(browser, ".stage", place, 0.2)))
        before, both, after = pixels
        assert before < after
        assert both == (after if edited else before)
    browser.click(".close-up")
    face = browser.screenshot()
    assert face.tobytes() != whole.tobytes()
