import base64
import hashlib
import io
import json
import math
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from PIL import Image

from faceedit.batch.report import GalleryWriter, ReportItem, write_gallery
from faceedit.batch.report.text import printable, to_html, to_script
from faceedit.batch.result import Outcome
from faceedit.errors import WriteError
from faceedit.outputs import sealed

NASTY = (
    "</script><script>document.title = 'taken'</script>",
    "<img src=x onerror=alert(1)>.jpg",
    "<!-- comment",
    "quotes \" ' & ampersand.jpg",
    "{{script}}{{photos}}.jpg",
    "line\nfeed\r\ttab\x00null.jpg",
    b"no \xff\xfe text.jpg".decode("utf-8", "surrogateescape"),
    "lone \ud800 surrogate.jpg",
    "\u2028\u202egnp.exe",
)


class Page(HTMLParser):
    """The page taken apart: attributes, script elements by type, texts."""

    def __init__(self, path):
        super().__init__()
        self.attributes, self.scripts, self.texts = [], [], []
        self.raw = None
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, *one) for one in attrs]
        self.raw = None
        if tag in ("script", "style"):
            self.raw = dict(attrs).get("type", tag)
            self.scripts.append([self.raw, ""])

    def handle_endtag(self, tag):
        self.raw = None

    def handle_data(self, data):
        if self.raw is None:
            self.texts.append(data)
        else:
            self.scripts[-1][1] += data

    def of(self, kind):
        return [text for type, text in self.scripts if type == kind]

    @property
    def photos(self):
        return [json.loads(text) for text in self.of("application/json")]

    @property
    def pictures(self):
        lines = [text.split("\n") for text in self.of("text/plain")]
        return [[base64.b64decode(line) for line in pair] for pair in lines]


@pytest.fixture
def item(tmp_path):
    """Make an item with its files: ``item("a.jpg", "edited", scores=...)``."""

    def make(name: str = "a.jpg", outcome: Outcome = "edited", **values):
        before, after = tmp_path / "before.jpg", tmp_path / "after.png"
        if not before.exists():
            Image.new("RGB", (300, 200), "red").save(before)
            Image.new("RGB", (300, 200), "blue").save(after)
        values = {"after": after if outcome in ("edited", "copied") else None, **values}
        return ReportItem(name, before, outcome=outcome, **values)

    return make


def write(tmp_path, items, title="Photos", facts=None, **options):
    write_gallery(items, tmp_path / "page.html", title, facts or {}, **options)
    return Page(tmp_path / "page.html")


def test_the_page_holds_what_is_known(tmp_path, item):
    page = write(
        tmp_path,
        [
            item("x/a.jpg", boxes=((30.0, 20.0, 150.0, 100.0),), scores={"identity": 0.9}),
            item("b.jpg", "failed", reason="it is broken", seconds=1.23456),
        ],
        facts={"Target": "happy:1.3"},
    )
    edited, failed = page.photos
    assert edited["name"] == "x/a.jpg"
    assert edited["boxes"] == [[0.1, 0.1, 0.5, 0.5]]
    assert (edited["faces"], edited["scores"]) == (1, {"identity": 0.9})
    assert (edited["size"], edited["hasAfter"]) == ([300, 200], True)
    assert (failed["outcome"], failed["reason"]) == ("failed", "it is broken")
    assert (failed["seconds"], failed["hasAfter"]) == (1.235, False)
    assert "happy:1.3" in page.texts
    (before, after), (alone, nothing) = page.pictures
    for data, colour in ((before, (254, 0, 0)), (after, (0, 0, 254)), (alone, (254, 0, 0))):
        with Image.open(io.BytesIO(data)) as image:
            assert (image.format, image.size) == ("JPEG", (300, 200))
            assert image.getpixel((9, 9)) == pytest.approx(colour, abs=3)
    assert nothing == b""


def test_nothing_is_asked_of_a_network(tmp_path, item):
    page = write(tmp_path, [item(name) for name in NASTY])
    for tag, name, value in page.attributes:
        assert name not in ("src", "srcset", "action", "formaction", "data", "poster", "ping")
        assert not name.startswith("on")
        assert name != "href" or (tag, value) == ("link", "data:,")
    own = page.of("style") + page.of("script")
    assert len(own) == 2
    for text in own:
        assert not re.search(r"https?:|//[a-z]|url\(|@import|import\(|fetch|XMLHttp|eval", text)
    policy = next(value for _, name, value in page.attributes if "default-src" in str(value))
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("img-src") == "data:"
    for rule, text in zip(("style-src", "script-src"), own, strict=True):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules.pop(rule) == f"'sha256-{digest}'"
    assert rules == {"base-uri": "'none'", "form-action": "'none'"}


def test_no_text_gets_out_of_its_place(tmp_path, item):
    plain = write(tmp_path, [item() for _ in NASTY], facts={"x": "y"})
    page = write(
        tmp_path,
        [item(name, reason=name, scores={name: 1.0}) for name in NASTY],
        title=NASTY[0],
        facts={NASTY[1]: NASTY[4], NASTY[6]: NASTY[7]},
    )
    assert [kind for kind, _ in page.scripts] == [kind for kind, _ in plain.scripts]
    assert page.of("script") == plain.of("script")
    assert [photo["name"] for photo in page.photos] == [printable(name) for name in NASTY]
    assert [photo["reason"] for photo in page.photos] == [printable(name) for name in NASTY]
    assert NASTY[0] in page.texts and NASTY[4] in page.texts
    assert not [one for one in page.attributes if one[0] == "img"]


def test_printable_text():
    assert printable("a\nb\x7f") == "a␊b␡"
    assert printable(b"\xff.jpg".decode("utf-8", "surrogateescape")) == "\ufffd.jpg"
    assert printable("\ud800") == "\ufffd"
    assert printable("Zoë 😀") == "Zoë 😀"
    assert printable("写\u3000真\u00a0\u05d0\u05d1") == "写\u3000真\u00a0\u05d0\u05d1"
    assert to_html("<'\"&>") == "&lt;&#x27;&quot;&amp;&gt;"
    assert to_script("</script>é") == '"\\u003c/script\\u003e\\u00e9"'


def test_names_are_read_in_the_order_that_they_have(tmp_path, item):
    name = "photo\u202egnp\u2066\u2069\u200b\u061c\u3164\u009b.jpg"
    seen = r"photo\u202egnp\u2066\u2069\u200b\u061c\u3164\x9b.jpg"
    page = write(tmp_path, [item(name, reason=name)], title=name, facts={name: name})
    assert [(one["name"], one["reason"]) for one in page.photos] == [(seen, seen)]
    assert page.texts.count(seen) >= 3
    text = "".join([*page.texts, *(text for _, text in page.scripts)])
    assert not any(unicodedata.category(c) in ("Cf", "Cc") for c in text if c != "\n")


def test_numbers_that_are_none_are_left_out(tmp_path, item):
    scores = {"identity": math.nan, "moved": math.inf, "relit": 0.5}
    boxes = ((math.nan, 0.0, 1.0, 1.0), (0.0, 0.0, 30.0, 20.0))
    (photo,) = write(tmp_path, [item(scores=scores, boxes=boxes)]).photos
    assert photo["scores"] == {"relit": 0.5}
    assert photo["boxes"] == [[0.0, 0.0, 0.1, 0.1]]


def test_files_that_cannot_be_shown_stop_nothing(tmp_path, item):
    missing = tmp_path / "missing.jpg"
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    items = [
        ReportItem("a", missing, None, "failed", "it is missing", ((1.0, 2.0, 3.0, 4.0),)),
        item("b", after=tmp_path / "broken.jpg"),
        ReportItem("c", tmp_path / "broken.jpg", item().after, "edited"),
        item("d"),
    ]
    page = write(tmp_path, items)
    assert [[bool(one) for one in pair] for pair in page.pictures] == [
        [False, False],
        [True, False],
        [False, True],
        [True, True],
    ]
    first, _, third, _ = page.photos
    assert (first["faces"], first["boxes"], first["size"]) == (1, [], None)
    assert third["size"] == [300, 200]


def test_photos_are_written_while_they_come(tmp_path, item):
    path = tmp_path / "page.html"
    path.write_bytes(sealed(b"the page of yesterday"))
    sizes = []

    def items():
        for at in range(60):
            (unfinished,) = tmp_path.glob(".faceedit-tmp-*")
            sizes.append(unfinished.stat().st_size)
            assert path.read_bytes().startswith(b"the page of yesterday")
            yield item(f"{at}.jpg")

    page = write(tmp_path, items())
    assert [photo["name"] for photo in page.photos] == [f"{at}.jpg" for at in range(60)]
    assert sizes[-1] > sizes[20] > sizes[0]
    assert sizes[-1] > 0.5 * path.stat().st_size
    assert not list(tmp_path.glob(".faceedit-tmp-*"))


def test_few_photos_are_held_at_once(tmp_path, item):
    with GalleryWriter(tmp_path / "page.html", "Photos", {}) as gallery:
        for at in range(40):
            gallery.add(item(f"{at}.jpg"))
            assert len(gallery._pending) <= 8


def test_the_number_of_photos_decides_on_their_size(tmp_path, item):
    large = tmp_path / "large.png"
    Image.new("RGB", (1600, 1200), "red").save(large)
    one = ReportItem("a", large, None, "skipped")
    assert write(tmp_path, [one]).photos[0]["shown"] == [1024, 768]
    assert write(tmp_path, iter([one])).photos[0]["shown"] == [480, 360]
    assert write(tmp_path, iter([one]), count=9999).photos[0]["shown"] == [224, 168]


def test_a_run_that_is_broken_off_leaves_the_old_page(tmp_path, item):
    (tmp_path / "page.html").write_text("the page of yesterday")

    def items():
        yield item()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, items())
    assert (tmp_path / "page.html").read_text() == "the page of yesterday"
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_costs_the_page_and_not_the_run(tmp_path, item, monkeypatch):
    def full(self):
        raise OSError(28, "No space left on device")

    with (
        pytest.raises(WriteError, match=r"page\.html: No space left"),
        GalleryWriter(tmp_path / "page.html", "Photos", {}) as gallery,
    ):
        monkeypatch.setattr(GalleryWriter, "_write_next", full)
        for _ in range(30):
            gallery.add(item())
        assert gallery.trouble is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["after.png", "before.jpg"]


def test_a_place_that_cannot_be_is_named_at_once(tmp_path, item):
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match=r"page\.html"):
        write_gallery([item()], tmp_path / "file" / "page.html", "Photos", {})


def test_no_photos(tmp_path):
    assert write(tmp_path, []).photos == []
    assert write(tmp_path / "new" / "folder", []).photos == []
