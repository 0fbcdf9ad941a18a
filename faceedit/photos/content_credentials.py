"""Content Credentials: photos signed by the C2PA standard with the user's own certificate.

Nothing here opens a network connection: there is no time stamp, no manifest is fetched or stored
elsewhere, and no certificate status is asked for.
"""

import importlib
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from faceedit.errors import (
    MissingError,
    PhotoError,
    UnreadableError,
    UnsupportedError,
    UsageError,
    WriteError,
)
from faceedit.photos.formats import format_of
from faceedit.photos.provenance import SOURCE_TYPE, SYSTEM, Provenance

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_HOW = "signing needs c2pa-python: pip install 'faceedit[c2pa]'"
_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "tiff": "image/tiff",
    "webp": "image/webp",
    "avif": "image/avif",
    "heif": "image/heif",
}
# Thumbnails would show the faces as they were. Who may be trusted is for readers to say.
_SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": False},
    "builder": {"thumbnail": {"enabled": False}},
}
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_SMALLEST_RSA = 2048


class C2paSigner:
    """Signs photos with a manifest that says what was done to them and to which photo.

    The manifest opens the source as its parent ingredient and edits it, with the digital source
    type `compositeWithTrainedAlgorithmicMedia`. The source is told of by its name and by the
    manifests that it carries itself; without a source the photo counts as created.

    Pickled, it holds the names of both files and never what is in them: another process reads
    them anew, and unpickling raises what making one does.

    Args:
        cert: PEM file with the signer's certificate first and then those above it.
        key: PEM file with its private key, without a passphrase: elliptic curve (P-256, P-384,
            P-521), Ed25519, or RSA of 2048 bits or more, which signs by PS256.
        provenance: how the photos were edited.

    Raises:
        MissingError: c2pa-python is not installed or too old, or a file cannot be read.
        UsageError: a file holds no certificate or key, the two do not belong together, or C2PA
            refuses the certificate (such as an expired one, or one for servers).
    """

    def __init__(self, cert: Path, key: Path, provenance: Provenance):
        self._load(cert, key, provenance)
        self._try(cert)

    def __getstate__(self) -> tuple[str, str, Provenance]:
        return *self._files, self.provenance

    def __setstate__(self, state: tuple[str, str, Provenance]) -> None:
        cert, key, provenance = state
        self._load(Path(cert), Path(key), provenance)

    def _load(self, cert: Path, key: Path, provenance: Provenance) -> None:
        _library()
        self.provenance = provenance
        self._files = os.path.abspath(cert), os.path.abspath(key)  # noqa: PTH100
        self._chain, chain_key = _load_chain(cert)
        self._key, self._algorithm, public_key = _load_key(key)
        if public_key != chain_key:
            raise UsageError(f"{key}: it is not the key of the first certificate in {cert}")

    def saying(self, provenance: Provenance) -> "C2paSigner":
        """Return a signer that says of photos that they were edited in another way."""
        other = object.__new__(C2paSigner)
        other.__dict__.update(vars(self), provenance=provenance)
        return other

    def sign(self, data: bytes, format: str, target: Path, source: Path | None) -> bytes:
        """Return a photo's file with its manifest in it.

        Args:
            data: the encoded file; pixels and other metadata stay as they are.
            format: its name from ``formats.FORMATS``.
            target: where the bytes will go; named in errors.
            source: the photo that was edited, None where the output may tell nothing of it.

        Raises:
            UnsupportedError: C2PA has no place for a manifest in files of this format.
            UnreadableError: the source cannot be read.
            WriteError: the library refuses to sign.
        """
        if format not in _TYPES:
            known = ", ".join(_TYPES)
            reason = f"a {format} file cannot be signed: write one of {known}, or do not sign"
            raise UnsupportedError(target, reason)
        try:
            return self._sign(data, format, target.name, source)
        except PhotoError:
            raise
        # The library's errors have no common base beyond this one.
        except Exception as error:
            reason = f"it cannot be signed ({str(error) or type(error).__name__})"
            raise WriteError(target, reason) from error

    def _try(self, cert: Path) -> None:
        """Sign a small picture, so that a certificate is refused before the first photo."""
        stream = io.BytesIO()
        Image.new("RGB", (8, 8)).save(stream, "PNG")
        try:
            self._sign(stream.getvalue(), "png", "trial.png", None)
        except _library().C2paError as error:
            reason = f"C2PA does not sign with this certificate ({error})"
            raise UsageError(f"{cert}: {reason}") from error
        except (AttributeError, TypeError) as error:
            reason = f"this version of c2pa-python does not fit ({error})"
            raise MissingError(f"{reason}: pip install --upgrade 'faceedit[c2pa]'") from error

    def _sign(self, data: bytes, format: str, title: str, source: Path | None) -> bytes:
        # All of the library's objects are made anew: they are costly neither in time nor in
        # memory, and must not be shared with forked processes.
        c2pa = _library()
        context = c2pa.Context.from_dict(_SETTINGS)
        info = c2pa.C2paSignerInfo(self._algorithm, self._chain, self._key, None)
        signed = io.BytesIO()
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder.from_json(json.dumps(self._manifest(title, source)), context) as builder,
        ):
            if source is not None:
                # C2PA adds the action of opening it.
                builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
                parent = json.dumps({"title": source.name, "relationship": "parentOf"})
                # BMP can be an ingredient though not be signed.
                name = format_of(source) or source.suffix[1:]
                builder.add_ingredient(parent, _TYPES.get(name, f"image/{name}"), _open(source))
            builder.sign(signer, _TYPES[format], io.BytesIO(data), signed)
        return signed.getvalue()

    def _manifest(self, title: str, source: Path | None) -> dict[str, Any]:
        about = self.provenance
        agent = {"name": SYSTEM, "version": about.version}
        details = {
            f"{SYSTEM}.method": about.method,
            f"{SYSTEM}.target": about.target,
            f"{SYSTEM}.weightsSha256": about.weights_sha256,
        }
        common = {"digitalSourceType": SOURCE_TYPE, "softwareAgent": agent}
        known = {name: value for name, value in details.items() if value is not None}
        actions = [{"action": "c2pa.edited", **common, "parameters": known}]
        if source is None:
            actions.insert(0, {"action": "c2pa.created", **common})
        assertion = {"label": "c2pa.actions.v2", "data": {"actions": actions}}
        return {"claim_generator_info": [agent], "title": title, "assertions": [assertion]}


def _library() -> Any:
    try:
        return importlib.import_module("c2pa")
    except ImportError as error:
        raise MissingError(_HOW) from error
    except (OSError, RuntimeError) as error:
        raise MissingError(f"c2pa-python is installed but cannot be loaded ({error})") from error


def _open(source: Path) -> io.BytesIO:
    try:
        return io.BytesIO(source.read_bytes())
    except OSError as error:
        raise UnreadableError(source, error.strerror or str(error)) from error


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingError(f"{path}: the {what} cannot be read ({error.strerror})") from error


def _load_chain(path: Path) -> tuple[bytes, object]:
    """Return the chain in PEM and the public key of its first certificate."""
    from cryptography import x509

    data = _read(path, "certificate")
    try:
        return data, x509.load_pem_x509_certificates(data)[0].public_key()
    # Broken PEM, broken certificates and unknown kinds of keys have an error each.
    except Exception as error:
        raise UsageError(f"{path}: it holds no certificate in PEM form ({error})") from error


def _load_key(path: Path) -> tuple[bytes, str, object]:
    """Return the key in PEM as PKCS #8, the algorithm, and the public key."""
    from cryptography.hazmat.primitives import serialization

    data = _read(path, "private key")
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except TypeError as error:
        how = f"openssl pkey -in {path} -out unlocked.pem"
        raise UsageError(f"{path}: it is locked with a passphrase: {how}") from error
    except Exception as error:
        raise UsageError(f"{path}: it holds no private key in PEM form ({error})") from error
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem, _algorithm(path, key), key.public_key()


def _algorithm(path: Path, key: "PrivateKeyTypes") -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _SMALLEST_RSA:
        return "ps256"
    kinds = "an elliptic curve (P-256, P-384, P-521), Ed25519, or RSA of 2048 bits or more"
    raise UsageError(f"{path}: C2PA does not sign with a key of this kind: use {kinds}")
