import datetime
import importlib
import io
import pickle
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faceedit.batch.pipeline import LostError
from faceedit.batch.processes import WorkerProcess
from faceedit.batch.ray_worker import PhotoWorker, from_row
from faceedit.batch.run import RunOptions
from faceedit.batch.worker import Order
from faceedit.editing.build import EditSettings
from faceedit.errors import (
    MissingError,
    UnreadableError,
    UnsupportedError,
    UsageError,
    WriteError,
)
from faceedit.photos import Job, WriteOptions, content_credentials, read_photo, write_photo
from faceedit.photos.content_credentials import C2paSigner
from faceedit.photos.provenance import SOURCE_TYPE, Provenance
from faceedit.targets import parse_target

PROVENANCE = Provenance("reggan fast", "happy:0.6", "ab" * 32, "0.1.0")
MIME = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".webp": "image/webp",
    ".avif": "image/avif",
}


@pytest.fixture
def c2pa() -> Any:
    return pytest.importorskip("c2pa")


@pytest.fixture
def make_pair(c2pa, tmp_path):
    """Write a certificate chain and its key: ``make_pair(kind="P-256", usage=..., days=30)``."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    makers = {
        "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "Ed25519": ed25519.Ed25519PrivateKey.generate,
        "RSA": lambda: rsa.generate_private_key(65537, 2048),
        "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
        "small RSA": lambda: rsa.generate_private_key(65537, 1024),
        "DSA": lambda: dsa.generate_private_key(1024),
    }
    forms = serialization.PrivateFormat
    now = datetime.datetime.now(datetime.UTC)

    def named(name):
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "faceedit tests"),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )

    def make(kind="P-256", usage="EMAIL_PROTECTION", days=30.0, old_form=False, phrase=b""):
        above, key = makers["P-256"](), makers[kind]()

        def certificate(name, public: Any, is_root):
            return (
                x509.CertificateBuilder()
                .subject_name(named(name))
                .issuer_name(named("root"))
                .public_key(public)
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=60))
                .not_valid_after(now + datetime.timedelta(days=days))
                .add_extension(x509.BasicConstraints(is_root, None), critical=True)
                .add_extension(
                    x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key()), False
                )
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
                .add_extension(
                    x509.KeyUsage(True, False, False, False, False, is_root, is_root, False, False),
                    critical=True,
                )
                .add_extension(x509.ExtendedKeyUsage([getattr(ExtendedKeyUsageOID, usage)]), False)
                .sign(above, hashes.SHA256())
                .public_bytes(serialization.Encoding.PEM)
            )

        cert_path, key_path = tmp_path / f"{kind}.crt", tmp_path / f"{kind}.key"
        chain = certificate("leaf", key.public_key(), False)
        cert_path.write_bytes(chain + certificate("root", above.public_key(), True))
        locked = serialization.BestAvailableEncryption(phrase) if phrase else None
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                forms.TraditionalOpenSSL if old_form else forms.PKCS8,
                locked or serialization.NoEncryption(),
            )
        )
        return cert_path, key_path

    return make


@pytest.fixture
def make_signer(make_pair):
    def make(kind="P-256", **options):
        cert, key = make_pair(kind, **options)
        return C2paSigner(cert, key, PROVENANCE)

    return make


@pytest.fixture
def signer(make_signer):
    return make_signer()


@pytest.fixture
def read(c2pa):
    """Read and verify: ``read(path, data=None)`` gives state, failures and active manifest."""
    context = c2pa.Context.from_dict(content_credentials._SETTINGS)

    def verify(path, data=None):
        stream = io.BytesIO(path.read_bytes() if data is None else data)
        with c2pa.Reader(MIME[path.suffix], stream, context=context) as reader:
            results = reader.get_validation_results()["activeManifest"]
            codes = {one["code"] for one in results["failure"]}
            manifest = reader.get_active_manifest()
            assert {one["code"] for one in results["success"]} or codes
            return reader.get_validation_state(), codes, manifest

    return verify


def make(path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(noise).save(path)
    return read_photo(path)


def actions(manifest):
    (one,) = (one for one in manifest["assertions"] if one["label"].startswith("c2pa.actions"))
    return one["data"]["actions"]


@pytest.mark.parametrize("suffix", MIME)
def test_signed_photos_verify_and_say_what_was_done(tmp_path, signer, read, suffix):
    photo = make(tmp_path / f"a{suffix}")
    plain, signed = tmp_path / f"b{suffix}", tmp_path / f"c{suffix}"
    write_photo(photo, plain, photo.pixels, WriteOptions(provenance=PROVENANCE))
    options = WriteOptions(provenance=PROVENANCE, signer=signer)
    write_photo(photo, signed, photo.pixels, options)
    state, failures, manifest = read(signed)
    assert (state, failures) == ("Valid", set())
    assert manifest["title"] == signed.name
    assert manifest["claim_generator_info"][0]["name"] == "faceedit"
    assert manifest["signature_info"]["alg"] == "Es256"
    assert "time" not in manifest["signature_info"]
    (parent,) = manifest["ingredients"]
    assert (parent["title"], parent["relationship"]) == (f"a{suffix}", "parentOf")
    assert "thumbnail" not in manifest
    assert "thumbnail" not in parent
    opened, edited = actions(manifest)
    assert opened["action"] == "c2pa.opened"
    assert edited == {
        "action": "c2pa.edited",
        "digitalSourceType": SOURCE_TYPE,
        "softwareAgent": {"name": "faceedit", "version": "0.1.0"},
        "parameters": {
            "faceedit.method": "reggan fast",
            "faceedit.target": "happy:0.6",
            "faceedit.weightsSha256": "ab" * 32,
        },
    }
    before, after = read_photo(plain), read_photo(signed)
    np.testing.assert_array_equal(before.pixels, after.pixels)
    assert before.source.metadata == after.source.metadata
    assert before.source.mtime_ns == after.source.mtime_ns


@pytest.mark.parametrize("suffix", MIME)
def test_a_changed_byte_is_noticed(tmp_path, signer, read, suffix):
    photo, signed = make(tmp_path / f"a{suffix}"), tmp_path / f"b{suffix}"
    write_photo(photo, signed, photo.pixels)
    plain = signed.read_bytes()
    signed.unlink()
    write_photo(photo, signed, photo.pixels, WriteOptions(signer=signer))
    data = bytearray(signed.read_bytes())
    # In the middle of every plain file are pixels, which a signature only moves.
    middle = len(plain) // 2
    data[data.index(plain[middle : middle + 16])] ^= 1
    state, failures, _ = read(signed, bytes(data))
    assert state == "Invalid"
    assert failures & {"assertion.dataHash.mismatch", "assertion.bmffHash.mismatch"}


@pytest.mark.parametrize(
    ("kind", "algorithm", "old_form"),
    [
        ("P-256", "Es256", True),
        ("P-384", "Es384", True),
        ("P-521", "Es512", False),
        ("Ed25519", "Ed25519", False),
        ("RSA", "Ps256", False),
        ("RSA", "Ps256", True),
    ],
)
def test_the_key_says_the_algorithm(tmp_path, make_signer, read, kind, algorithm, old_form):
    signer = make_signer(kind, old_form=old_form)
    photo = make(tmp_path / "a.png")
    write_photo(photo, tmp_path / "b.png", photo.pixels, WriteOptions(signer=signer))
    state, _, manifest = read(tmp_path / "b.png")
    assert (state, manifest["signature_info"]["alg"]) == ("Valid", algorithm)


def test_a_signed_photo_edited_again_keeps_its_history(tmp_path, signer, read):
    photo = make(tmp_path / "a.jpg")
    for name in ("b.jpg", "c.png", "d.tif", "e.tif"):
        write_photo(photo, tmp_path / name, photo.pixels, WriteOptions(signer=signer))
        assert read(tmp_path / name)[:2] == ("Valid", set())
        photo = read_photo(tmp_path / name)
    assert read(tmp_path / "e.tif")[2]["ingredients"][0]["active_manifest"]


def test_strip_tells_nothing_of_the_source(tmp_path, signer, read):
    first, second = tmp_path / "secret name.jpg", tmp_path / "b.jpg"
    photo = make(tmp_path / "very secret name.jpg")
    write_photo(photo, first, photo.pixels, WriteOptions(signer=signer))
    photo = read_photo(first)
    options = WriteOptions(strip=True, provenance=PROVENANCE, signer=signer)
    write_photo(photo, second, photo.pixels, options)
    state, failures, manifest = read(second)
    assert (state, failures) == ("Valid", set())
    assert not manifest.get("ingredients")
    assert [one["action"] for one in actions(manifest)] == ["c2pa.created", "c2pa.edited"]
    assert b"secret" not in second.read_bytes()


def test_bmp_can_be_edited_from_but_not_signed(tmp_path, signer, read):
    photo = make(tmp_path / "a.bmp")
    write_photo(photo, tmp_path / "b.jpg", photo.pixels, WriteOptions(signer=signer))
    state, failures, manifest = read(tmp_path / "b.jpg")
    assert (state, failures) == ("Valid", set())
    assert manifest["ingredients"][0]["format"] == "image/bmp"
    with pytest.raises(UnsupportedError, match=r"c\.bmp: a bmp file cannot be signed: write one"):
        write_photo(photo, tmp_path / "c.bmp", photo.pixels, WriteOptions(signer=signer))
    assert not (tmp_path / "c.bmp").exists()


def test_nothing_is_fetched(tmp_path, signer, read):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.c2pa"
        packet = (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
            'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
            f'xmlns:t="http://purl.org/dc/terms/" rdf:about="" t:provenance="{address}"/>'
            "</rdf:RDF></x:xmpmeta>"
        ).encode()
        Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", xmp=packet)
        photo = read_photo(tmp_path / "a.jpg")
        write_photo(photo, tmp_path / "b.jpg", photo.pixels, WriteOptions(signer=signer))
        assert read(tmp_path / "b.jpg")[0] == "Valid"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_threads_and_other_processes_can_sign(tmp_path, signer, read):
    photo = make(tmp_path / "a.png")
    copy = pickle.loads(pickle.dumps(signer))

    def write(number):
        target = tmp_path / f"{number}.png"
        write_photo(photo, target, photo.pixels, WriteOptions(signer=copy))
        return read(target)[0]

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(write, range(12))) == {"Valid"}


def test_workers_are_told_where_the_key_is_and_not_the_key(make_pair, tmp_path):
    cert, key = make_pair("P-256")
    signer = C2paSigner(cert, key, PROVENANCE)
    target = parse_target(["happy"])
    options = RunOptions(target, write=WriteOptions(signer=signer))
    order = Order(EditSettings(target), options, None, {}, resume=True, threads=1)
    told = pickle.dumps(order)
    lines = [line for line in signer._key.splitlines() + signer._chain.splitlines() if line]
    assert len(lines) > 10
    assert [line for line in lines if line in told] == []

    key.unlink()
    block = {"index": [0], "source": [b"a.png"], "target": [b"b.png"]}
    (trouble,) = PhotoWorker(told, None)(block)["told"]
    job = Job(Path("a.png"), Path("b.png"))
    with pytest.raises(MissingError, match=rf"{key}: the private key cannot be read"):
        from_row(job, trouble)
    said = []
    worker = WorkerProcess(order, said.append)
    with pytest.raises(LostError):
        worker.start()
    assert f"{key}: the private key cannot be read" in said[0]


def test_what_goes_wrong_with_one_photo_is_its_own_error(tmp_path, signer):
    photo = make(tmp_path / "a.png")
    options = WriteOptions(signer=signer)
    (tmp_path / "a.png").unlink()
    with pytest.raises(UnreadableError, match=r"a\.png: No such file"):
        write_photo(photo, tmp_path / "b.png", photo.pixels, options)
    with pytest.raises(WriteError, match=r"b\.png: it cannot be signed \(\w+"):
        signer.sign(b"no picture", "png", tmp_path / "b.png", None)
    assert not list(tmp_path.glob("*.png"))


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(MissingError, match=r"pip install 'faceedit\[c2pa\]'"):
        C2paSigner(Path("a.crt"), Path("a.key"), PROVENANCE)


def test_a_library_that_does_not_load(monkeypatch):
    def fail(name):
        raise OSError("wrong ELF class")

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(MissingError, match=r"cannot be loaded \(wrong ELF class\)"):
        C2paSigner(Path("a.crt"), Path("a.key"), PROVENANCE)


def test_a_library_that_is_too_old(monkeypatch, make_pair, c2pa):
    cert, key = make_pair()
    monkeypatch.delattr(c2pa, "Context")
    with pytest.raises(MissingError, match=r"Context.*--upgrade 'faceedit\[c2pa\]'"):
        C2paSigner(cert, key, PROVENANCE)


@pytest.mark.parametrize("kind", ["secp256k1", "small RSA", "DSA"])
def test_keys_that_c2pa_does_not_know(make_signer, kind):
    with pytest.raises(UsageError, match=r"\.key: C2PA does not sign .* Ed25519"):
        make_signer(kind)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [({"days": -1}, "not valid at time"), ({"usage": "SERVER_AUTH"}, "invalid")],
)
def test_certificates_that_c2pa_refuses(make_signer, wrong, reason):
    with pytest.raises(UsageError, match=rf"\.crt: C2PA does not sign .*{reason}"):
        make_signer(**wrong)


def test_files_that_are_not_what_they_should_be(tmp_path, make_pair):
    cert, key = make_pair()
    _, other = make_pair("Ed25519")
    with pytest.raises(UsageError, match=r"Ed25519\.key: it is not the key of .*P-256\.crt"):
        C2paSigner(cert, other, PROVENANCE)
    with pytest.raises(UsageError, match=r"\.key: it holds no certificate"):
        C2paSigner(key, key, PROVENANCE)
    with pytest.raises(UsageError, match=r"\.crt: it holds no private key"):
        C2paSigner(cert, cert, PROVENANCE)
    with pytest.raises(MissingError, match=r"none\.crt: the certificate cannot be read .No such"):
        C2paSigner(tmp_path / "none.crt", key, PROVENANCE)
    with pytest.raises(MissingError, match=r"the private key cannot be read \(Is a dir"):
        C2paSigner(cert, tmp_path, PROVENANCE)
    (tmp_path / "empty").touch()
    with pytest.raises(UsageError, match="empty: it holds no certificate"):
        C2paSigner(tmp_path / "empty", key, PROVENANCE)


def test_a_locked_key(make_signer):
    with pytest.raises(UsageError, match="locked with a passphrase: openssl pkey -in "):
        make_signer(phrase=b"secret")


def test_the_key_is_not_shown(signer):
    assert "PRIVATE" not in repr(signer)
