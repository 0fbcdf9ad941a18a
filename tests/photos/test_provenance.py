import base64
import re
import struct
import zlib
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import TiffImageFile

from faceedit.errors import UnsupportedError, WriteError
from faceedit.outputs import REPLACE
from faceedit.photos import WriteOptions, copy_photo, jpeg, read_photo, tiff, write_photo, xmp
from faceedit.photos.provenance import IPTC_EXTENSION, NAMESPACE, Provenance, add_provenance

HASH = "0123456789abcdef" * 4
TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
PROVENANCE = Provenance("reggan fast", "happy:0.6", HASH, "0.1.0")
RDF = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
HEAD = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
)
TAIL = b'</x:xmpmeta>\n<?xpacket end="w"?>'
EXT = b' xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
NODE = (
    b'  <rdf:Description rdf:about=""'
    + EXT
    + b' xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
    + "   <dc:title>über > all</dc:title>\n".encode()
    + b"  </rdf:Description>\n"
)
PLAIN = HEAD + RDF + b"\n" + NODE + b" </rdf:RDF>\n" + TAIL


OURS = re.compile(
    rb"<rdf:Description(?=[^<]*%s)[^<]*>.*?</rdf:Description>\n?" % NAMESPACE.encode(), re.S
)


def ours(written):
    """Return the description that was added; there is one."""
    (found,) = OURS.findall(written)
    return found


def others(written):
    """Return every byte of a packet that is not of the description that was added."""
    assert ours(written)
    return OURS.sub(b"", written)


def packet(*nodes):
    return HEAD + RDF + b"\n" + b"".join(nodes) + b"</rdf:RDF>\n" + TAIL


def properties(data):
    """Read top properties with another parser: {(namespace, name): text or resource}."""
    syntax = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
    root = ElementTree.fromstring(data.rstrip(b"\0 \r\n\t"))
    (rdf,) = [root] if root.tag == syntax + "RDF" else root.iter(syntax + "RDF")
    found = {}
    for node in rdf:
        pairs = [*node.attrib.items()]
        pairs += [(one.tag, one.get(syntax + "resource") or one.text) for one in node]
        for name, value in pairs:
            if not name.startswith(syntax):
                key = tuple(name[1:].split("}"))
                assert key not in found, f"{key} twice"
                found[key] = value
    return found


def test_a_new_packet():
    written = add_provenance(None, PROVENANCE)
    assert written.startswith(b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert written.endswith(b'<?xpacket end="w"?>')
    assert b"<rdf:Description" not in others(written)


def test_another_parser_reads_all_of_it():
    found = properties(add_provenance(None, PROVENANCE))
    assert found == {
        (IPTC_EXTENSION, "DigitalSourceType"): TYPES + "compositeWithTrainedAlgorithmicMedia",
        (IPTC_EXTENSION, "AISystemUsed"): "faceedit reggan fast",
        (IPTC_EXTENSION, "AISystemVersionUsed"): "0.1.0",
        (NAMESPACE, "Method"): "reggan fast",
        (NAMESPACE, "Target"): "happy:0.6",
        (NAMESPACE, "WeightsSHA256"): HASH,
    }
    assert NAMESPACE.endswith(("/", "#"))


def test_values_are_escaped_and_what_xml_cannot_hold_is_marked():
    odd = replace(PROVENANCE, target="<a>&\"'ü\0\ud800", weights_sha256=None)
    found = properties(add_provenance(None, odd))
    assert found[NAMESPACE, "Target"] == "<a>&\"'ü\ufffd\ufffd"
    assert (NAMESPACE, "WeightsSHA256") not in found


@pytest.mark.parametrize("nothing", [b"", b" \n", b"\0\0"])
def test_blanks_are_no_packet(nothing):
    assert add_provenance(nothing, PROVENANCE) == add_provenance(None, PROVENANCE)


def test_every_byte_of_a_packet_stays():
    assert others(add_provenance(PLAIN, PROVENANCE)) == PLAIN


CAPTURE = TYPES.encode() + b"digitalCapture"
TAG = b' e:DigitalSourceType="' + CAPTURE + b'"'
CASES = {
    "attribute": (
        b"<rdf:Description\n  rdf:about=''" + EXT + b"\n " + TAG + b'\n e:Event="a>b"/>\n',
        b"<rdf:Description\n  rdf:about=''" + EXT + b'\n e:Event="a>b"/>\n',
        b"''",
    ),
    "attribute in single quotes": (
        b"<rdf:Description rdf:about=\"uuid:'1\"" + EXT + TAG.replace(b'"', b"'")
        + b" e:Event='x'/>",
        b"<rdf:Description rdf:about=\"uuid:'1\"" + EXT + b" e:Event='x'/>",
        b"\"uuid:'1\"",
    ),
    "attribute spaced out": (
        b'<rdf:Description about="uuid:1"' + EXT + TAG.replace(b"=", b"\t=\n")
        + b' e:Event=""></rdf:Description>',
        b'<rdf:Description about="uuid:1"' + EXT + b' e:Event=""></rdf:Description>',
        b'"uuid:1"',
    ),
    "element": (
        b'<rdf:Description rdf:about="">\n <q:DigitalSourceType'
        + EXT.replace(b":e", b":q") + b">\n" + CAPTURE
        + b"\n</q:DigitalSourceType >\n  <!-- a note -->\n</rdf:Description>",
        b'<rdf:Description rdf:about="">\n <!-- a note -->\n</rdf:Description>',
        b'""',
    ),
    "element that refers": (
        b"<rdf:Description" + EXT + b'>\n <e:DigitalSourceType rdf:resource="' + CAPTURE
        + b'"/>\n <e:Event>x</e:Event></rdf:Description>',
        b"<rdf:Description" + EXT + b">\n <e:Event>x</e:Event></rdf:Description>",
        b'""',
    ),
    "element with a qualifier": (
        b"<rdf:Description" + EXT + b'><e:DigitalSourceType rdf:parseType="Resource"><rdf:value>'
        + CAPTURE + b"</rdf:value></e:DigitalSourceType><![CDATA[ ]]></rdf:Description>",
        b"<rdf:Description" + EXT + b"><![CDATA[ ]]></rdf:Description>",
        b'""',
    ),
    "alone in its description": (
        b' <rdf:Description rdf:about=""' + EXT + TAG + b">\n </rdf:Description>\n" + NODE,
        b" " + NODE.lstrip(),
        b'""',
    ),
    "default namespace": (
        b"<rdf:Description" + EXT + b'><DigitalSourceType xmlns="' + IPTC_EXTENSION.encode()
        + b'">' + CAPTURE + b"</DigitalSourceType><e:Event/></rdf:Description>",
        b"<rdf:Description" + EXT + b"><e:Event/></rdf:Description>",
        b'""',
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", CASES)
def test_an_older_source_type_is_replaced_in_every_form(form):
    before, after, about = CASES[form]
    written = add_provenance(packet(before), PROVENANCE)
    assert others(written) == packet(after)
    assert b"rdf:about=" + about in ours(written)
    assert add_provenance(written, PROVENANCE) == written
    assert properties(written)[NAMESPACE, "FormerDigitalSourceType"] == CAPTURE.decode()


def test_what_only_looks_like_ours_stays():
    nested = (
        b'<rdf:Description rdf:about=""' + EXT + b' xmlns:o="urn:other/" o:DigitalSourceType="o">'
        b"<e:ArtworkOrObject><rdf:Bag><rdf:li><rdf:Description e:DigitalSourceType='nested'/>"
        b"</rdf:li></rdf:Bag></e:ArtworkOrObject><o:Method>o</o:Method></rdf:Description>\n"
    )
    assert others(add_provenance(packet(nested), PROVENANCE)) == packet(nested)


def test_twice_is_once_and_a_later_edit_speaks_for_itself():
    once = add_provenance(PLAIN, PROVENANCE)
    assert add_provenance(once, PROVENANCE) == once
    later = Provenance("legan", "sad", None, "0.2.0")
    assert add_provenance(once, later) == add_provenance(PLAIN, later)


def test_what_we_wrote_is_found_after_others_wrote_it_anew():
    found = properties(add_provenance(packet(CASES["attribute"][0]), PROVENANCE))
    attributes = "".join(
        f' {"i" if space == IPTC_EXTENSION else "own"}:{name}="{value}"'
        for (space, name), value in found.items()
    ).encode()
    spaces = f' xmlns:i="{IPTC_EXTENSION}" xmlns:own="{NAMESPACE}"'.encode()
    anew = packet(b'<rdf:Description rdf:about=""' + spaces + attributes + b"/>\n")
    written = properties(add_provenance(anew, replace(PROVENANCE, target="sad")))
    assert written == found | {(NAMESPACE, "Target"): "sad"}


@pytest.mark.parametrize("name", ["AISystemUsed", "AISystemVersionUsed"])
def test_another_ai_system_stands_alone(name):
    other = b'<rdf:Description rdf:about=""' + EXT + b" e:" + name.encode() + b'="Imagen"/>\n'
    written = add_provenance(packet(other), PROVENANCE)
    assert others(written) == packet(other)
    found = properties(written)
    systems = {one: found[key] for key in found if (one := key[1]).startswith("AISystem")}
    assert systems == {name: "Imagen"}
    assert add_provenance(written, PROVENANCE) == written


@pytest.mark.parametrize(
    "before",
    [
        HEAD + RDF[:-1] + b"/>" + TAIL,
        RDF + b"</rdf:RDF>",
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
        b'<y:xapmeta xmlns:y="adobe:ns:meta/"><a/></y:xapmeta>\0\0',
    ],
    ids=["empty rdf", "bare rdf", "empty xmpmeta", "no rdf"],
)
def test_packets_with_less_than_usual(before):
    written = add_provenance(before, PROVENANCE)
    assert properties(written) == properties(add_provenance(None, PROVENANCE))
    assert add_provenance(written, PROVENANCE) == written
    assert (b"<a/>" in written) == (b"<a/>" in before)
    assert written.endswith(before[before.rindex(b">") :])


@pytest.mark.parametrize("prefix", [b"r", b""])
def test_another_prefix_for_rdf(prefix):
    colon = prefix + b":" if prefix else b""
    tail = b"</" + colon + b"RDF>"
    bare = b"<%sRDF xmlns%s='%s'>" % (colon, b":r" if prefix else b"", xmp.RDF.encode())
    written = add_provenance(bare + tail, PROVENANCE)
    assert others(written) == bare + tail
    assert add_provenance(written, PROVENANCE) == written
    assert (NAMESPACE, "Method") in properties(written)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0" encoding="UTF-16"?>\n'])
def test_wide_characters_become_utf_8(encoding, declaration):
    wide = (declaration + PLAIN.decode()).encode(encoding)
    assert add_provenance(wide, PROVENANCE) == add_provenance(PLAIN, PROVENANCE)


def test_one_byte_encodings_stay():
    declared = b'<?xml version="1.0" encoding="ISO-8859-1"?>'
    latin = declared + PLAIN.decode().replace("\ufeff", "").encode("latin-1")
    written = add_provenance(latin, replace(PROVENANCE, target="ü"))
    at = latin.index(b"</rdf:RDF>")
    assert written[:at] == latin[:at]
    assert written.endswith(latin[at:])
    assert properties(written)[NAMESPACE, "Target"] == "ü"


def test_a_mark_before_and_zeros_behind_stay():
    odd = b"\xef\xbb\xbf" + PLAIN[PLAIN.index(b"?>") + 2 :].lstrip() + b" \0\0\n"
    assert others(add_provenance(odd, PROVENANCE)) == odd


BROKEN = {
    "words": b"not XML",
    "cut off": PLAIN[:300],
    "undeclared prefix": PLAIN.replace(b"xmlns:dc=", b"xmlns:d="),
    "bad character": PLAIN.replace(b"all", b"a\x01l"),
    "latin-1 in UTF-8": PLAIN.replace("ü".encode(), b"\xfc"),
    "bare ampersand": PLAIN.replace(b"all", b"a & l"),
    "something behind": PLAIN + b"<x/>",
    "zeros before": b"\0" + PLAIN,
    "another root": b"<svg/>",
    "description without RDF": b'<rdf:Description xmlns:rdf="%s"/>' % xmp.RDF.encode(),
    "entities": b'<!DOCTYPE a [<!ENTITY b "c">]>' + RDF + b"</rdf:RDF>",
    "wide encoding": b'<?xml version="1.0" encoding="shift-jis"?>' + RDF + b"</rdf:RDF>",
    "unknown encoding": b'<?xml version="1.0" encoding="nonsense"?>' + RDF + b"</rdf:RDF>",
    "wrong encoding": b'<?xml version="1.0" encoding="UTF-16"?>' + RDF + b"</rdf:RDF>",
    "broken UTF-16": PLAIN.decode().encode("utf-16-le")[:301],
    "lone surrogate": b"<\0\0\xd8",
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_xmp_is_set_aside_whole(kind):
    written = add_provenance(BROKEN[kind], PROVENANCE)
    found = properties(written)
    assert base64.b64decode(found[NAMESPACE, "FormerPacket"]) == BROKEN[kind]
    assert found[NAMESPACE, "Method"] == "reggan fast"
    assert add_provenance(written, PROVENANCE) == written


def test_no_damage_crashes_or_loses_anything():
    rng = np.random.default_rng(0)
    start = packet(*(before for before, _, _ in CASES.values()))
    pieces = [b"<", b">", b"/", b'"', b"'", b"&", b"\0", b"\xff", b" ", b"<!--", b"]]>", b"<?"]
    aside = 0
    for _ in range(400):
        damaged = start
        for _ in range(rng.integers(1, 4)):
            at, size = rng.integers(0, len(damaged)), rng.integers(0, 12)
            damaged = damaged[:at] + pieces[rng.integers(len(pieces))] + damaged[at + size :]
        written = add_provenance(damaged, PROVENANCE)
        assert add_provenance(written, PROVENANCE) == written
        if b"FormerPacket" in written:
            aside += 1
            found = properties(written)
            assert base64.b64decode(found[NAMESPACE, "FormerPacket"]) == damaged
    assert 0 < aside < 400


def test_deep_and_long_packets_take_no_time():
    deep = b"<e:a>x" * 20_000 + b"</e:a>" * 20_000
    node = b"<rdf:Description" + EXT + b">" + deep + b"</rdf:Description>\n"
    wide = b"<rdf:Description" + EXT + b' e:a="' + b"x>'" * 300_000 + b'"/>\n'
    for odd in (node, wide):
        assert others(add_provenance(packet(odd), PROVENANCE)) == packet(odd)


def test_padding_goes_only_where_it_is_told_to():
    padded = PLAIN.replace(b"<?xpacket end", b" " * 2000 + b"\n" + b"<?xpacket end") + b" \0"
    assert xmp.without_padding(padded) == PLAIN
    assert xmp.without_padding(PLAIN) == PLAIN
    assert xmp.without_padding(b"<a/> \n\0") == b"<a/>"


FILES = [
    *[(".jpg", mode) for mode in ("L", "RGB")],
    *[(".png", mode) for mode in ("L", "LA", "P", "RGB", "RGBA", "I;16", "RGB;16", "RGBA;16")],
    *[(".tif", mode) for mode in ("L", "LA", "P", "RGB", "RGBA", "I;16", "RGB;16", "RGBA;16")],
    *[(".webp", mode) for mode in ("RGB", "RGBA")],
    (".avif", "RGB"),
    (".heic", "RGB"),
]


def picture(mode):
    bands = {"L": 1, "LA": 2, "P": 1, "RGB": 3, "RGBA": 4, "I;16": 1, "RGB;16": 3, "RGBA;16": 4}
    kind = np.uint16 if "16" in mode else np.uint8
    noise = np.random.default_rng(0).integers(0, np.iinfo(kind).max, (20, 30, bands[mode]), kind)
    return noise[..., 0] if bands[mode] == 1 else noise


def make(path, mode="RGB", packet=None):
    """Write a photo, with XMP where the format is one of those that Pillow writes it into."""
    if mode in ("RGB;16", "RGBA;16"):
        import cv2

        cv2.imwrite(str(path), picture(mode))
        if (path.suffix, mode) == (".tif", "RGBA;16"):
            alpha = {tiff.EXTRA_SAMPLES: tiff.shorts(2)}
            path.write_bytes(tiff.merge(path.read_bytes(), alpha))
        return read_photo(path)
    image = Image.fromarray(picture(mode))
    if mode == "P":
        image.putpalette(bytes(range(256)) * 3)
    options = {}
    if path.suffix == ".heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    if packet is not None and path.suffix == ".png":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", packet.decode(), zip=True)
    elif packet is not None and path.suffix != ".tif":
        options["xmp"] = packet
    image.save(path, **options)
    if packet is not None and path.suffix == ".tif":
        path.write_bytes(tiff.merge(path.read_bytes(), {tiff.XMP: tiff.data(packet, tiff.BYTE)}))
    return read_photo(path)


def packet_of(path):
    """Read XMP with another reader than the project's."""
    image = Image.open(path)
    return image.tag_v2[700] if isinstance(image, TiffImageFile) else image.info["xmp"]


@pytest.mark.parametrize("strip", [False, True])
@pytest.mark.parametrize(("suffix", "mode"), FILES)
def test_every_format_and_depth_says_it(tmp_path, suffix, mode, strip):
    photo = make(tmp_path / f"a{suffix}", mode, PLAIN if "16" not in mode else None)
    plain, labelled, again = (tmp_path / f"{name}{suffix}" for name in "bcd")
    write_photo(photo, plain, photo.pixels, WriteOptions(strip=strip))
    options = WriteOptions(strip=strip, provenance=PROVENANCE)
    write_photo(photo, labelled, photo.pixels, options)
    write_photo(photo, again, photo.pixels, options)
    data = labelled.read_bytes()
    assert data == again.read_bytes()
    expected = add_provenance(None if strip else photo.source.metadata.xmp, PROVENANCE)
    assert packet_of(labelled) == expected
    assert data.count(b"<faceedit:Method>") == 1
    one, other = read_photo(plain), read_photo(labelled)
    np.testing.assert_array_equal(one.pixels, other.pixels)
    assert one.source.mode == other.source.mode
    assert replace(one.source.metadata, xmp=None) == replace(other.source.metadata, xmp=None)


def test_bmp_has_no_place_for_it(tmp_path):
    photo = make(tmp_path / "a.bmp")
    write_photo(photo, tmp_path / "b.bmp", photo.pixels)
    write_photo(photo, tmp_path / "c.bmp", photo.pixels, WriteOptions(provenance=PROVENANCE))
    assert (tmp_path / "b.bmp").read_bytes() == (tmp_path / "c.bmp").read_bytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".avif"])
def test_a_second_edit_replaces_what_the_first_said(tmp_path, suffix):
    photo = make(tmp_path / f"a{suffix}", packet=PLAIN)
    first = WriteOptions(provenance=Provenance("legan", "sad", None, "0.0.1"))
    write_photo(photo, tmp_path / f"b{suffix}", photo.pixels, first)
    photo = read_photo(tmp_path / f"b{suffix}")
    write_photo(photo, tmp_path / f"c{suffix}", photo.pixels, WriteOptions(provenance=PROVENANCE))
    assert packet_of(tmp_path / f"c{suffix}") == add_provenance(PLAIN, PROVENANCE)


@pytest.mark.parametrize("target", ["b.jpg", "b.png", "b.tif", "b.webp", "b.avif"])
def test_a_photo_of_a_format_without_xmp(tmp_path, target):
    photo = make(tmp_path / "a.bmp")
    write_photo(photo, tmp_path / target, photo.pixels, WriteOptions(provenance=PROVENANCE))
    assert packet_of(tmp_path / target) == add_provenance(None, PROVENANCE)


def filled(size):
    """Return a packet of this size with 2,000 bytes of padding."""
    bare = PLAIN.replace(b"<?xpacket end", b" " * 2000 + b"\n<?xpacket end")
    return bare.replace(b"all", b"a" * (size - len(bare) + 3))


def test_padding_makes_room_in_jpeg(tmp_path):
    full = filled(jpeg.LARGEST_XMP)
    photo = make(tmp_path / "a.jpg", packet=full)
    write_photo(photo, tmp_path / "b.jpg", photo.pixels, WriteOptions(provenance=PROVENANCE))
    added = add_provenance(full, PROVENANCE)
    assert len(added) > jpeg.LARGEST_XMP
    assert packet_of(tmp_path / "b.jpg") == added.replace(b" " * 2000 + b"\n", b"")


def test_padding_stays_where_there_is_room(tmp_path):
    small = filled(60_000)
    photo = make(tmp_path / "a.jpg", packet=small)
    write_photo(photo, tmp_path / "b.jpg", photo.pixels, WriteOptions(provenance=PROVENANCE))
    assert others(packet_of(tmp_path / "b.jpg")) == small


def test_a_packet_that_has_no_room_for_it_fails_by_name(tmp_path):
    full = filled(jpeg.LARGEST_XMP + 2000).replace(b" " * 2000, b"")
    photo = make(tmp_path / "a.jpg", packet=full)
    write_photo(photo, tmp_path / "b.jpg", photo.pixels)
    with pytest.raises(UnsupportedError, match=r"a\.jpg: .*too large.* or --no-provenance"):
        write_photo(photo, tmp_path / "c.jpg", photo.pixels, WriteOptions(provenance=PROVENANCE))
    write_photo(photo, tmp_path / "c.png", photo.pixels, WriteOptions(provenance=PROVENANCE))
    assert not (tmp_path / "c.jpg").exists()


def raw_profile(packet):
    body = b"\nxmp\n%8d\n" % len(packet) + packet.hex().encode() + b"\n"
    return b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(body)


def with_chunks(path, *chunks):
    data = path.read_bytes()
    made = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    path.write_bytes(data[:33] + made + data[33:])


def test_png_has_one_packet_where_imagemagick_hid_it(tmp_path):
    make(tmp_path / "a.png")
    with_chunks(tmp_path / "a.png", raw_profile(PLAIN))
    photo = read_photo(tmp_path / "a.png")
    write_photo(photo, tmp_path / "b.png", photo.pixels, WriteOptions(provenance=PROVENANCE))
    assert packet_of(tmp_path / "b.png") == add_provenance(PLAIN, PROVENANCE)
    data = (tmp_path / "b.png").read_bytes()
    assert data.count(b"XML:com.adobe.xmp") == 1
    assert b"Raw profile" not in data


@pytest.mark.parametrize("hidden", [raw_profile(b"<a/>"), (b"tEXt", b"Raw profile type xmp\0zz")])
def test_png_keeps_hidden_packets_that_are_not_the_one(tmp_path, hidden):
    make(tmp_path / "a.png", packet=PLAIN if hidden[0] == b"zTXt" else None)
    with_chunks(tmp_path / "a.png", hidden)
    photo = read_photo(tmp_path / "a.png")
    write_photo(photo, tmp_path / "b.png", photo.pixels)
    assert hidden[1] in (tmp_path / "b.png").read_bytes()


def test_a_signature_of_the_old_pixels_is_not_copied(tmp_path):
    make(tmp_path / "a.tif")
    data = tiff.merge((tmp_path / "a.tif").read_bytes(), {52545: tiff.data(b"old manifest")})
    (tmp_path / "a.tif").write_bytes(data)
    photo = read_photo(tmp_path / "a.tif")
    for name in ("b.tif", "b.jpg"):
        write_photo(photo, tmp_path / name, photo.pixels)
        assert b"old manifest" not in (tmp_path / name).read_bytes()


class Stamp:
    """Signs by a mark at the end, or fails."""

    def __init__(self, error=None):
        self.error = error
        self.asked = []

    def saying(self, provenance):
        return self

    def sign(self, data, format, target, source):
        self.asked.append((format, target, source))
        if self.error:
            raise self.error
        return data + b"signed"


def test_a_signer_has_the_last_word(tmp_path):
    photo = make(tmp_path / "a.png")
    signer, target = Stamp(), tmp_path / "b.jpg"
    write_photo(photo, target, photo.pixels, WriteOptions(provenance=PROVENANCE, signer=signer))
    assert target.read_bytes().endswith(b"signed")
    write_photo(photo, target, photo.pixels, WriteOptions(strip=True, signer=signer), REPLACE)
    assert signer.asked == [("jpeg", target, photo.path), ("jpeg", target, None)]


@pytest.mark.parametrize("error", [ValueError(), UnsupportedError, RuntimeError("no")])
def test_a_signer_that_fails_leaves_nothing(tmp_path, error):
    photo = make(tmp_path / "a.png")
    if error is UnsupportedError:
        error = UnsupportedError(tmp_path / "b.png", "it cannot be signed (ValueError)")
    kind = UnsupportedError if isinstance(error, UnsupportedError) else WriteError
    with pytest.raises(kind, match=r"b\.png: it cannot be signed \((no|ValueError)\)"):
        write_photo(
            photo, tmp_path / "b.png", photo.pixels, WriteOptions(signer=Stamp(error=error))
        )
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_copies_say_nothing(tmp_path):
    make(tmp_path / "a.png", packet=PLAIN)
    copy_photo(tmp_path / "a.png", tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
