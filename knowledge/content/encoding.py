"""From a file's bytes to text, whatever an office computer saved them as."""

import codecs
import re

from knowledge.content.problems import ContentError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_USUAL = re.compile(r"[\t\n\r -~\u2010-\u203f\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
_USUAL_SHARE = 0.95


def decode_text(data: bytes) -> str:
    """UTF-8 and UTF-16 with or without BOM, or GB18030 (which includes GBK and GB2312).

    Line ends become ``\\n``.

    Raises:
        ContentError: ``not_text`` (binary data) or ``bad_encoding``.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _unify(_decode(data[len(bom) :], name))
    if b"\0" in data:
        return _unify(_utf16(data))
    try:
        return _unify(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _unify(_decode(data, "gb18030"))


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ContentError("bad_encoding") from error


def _utf16(data: bytes) -> str:
    """UTF-16 without BOM: in one of the two byte orders, nearly all of it is Chinese or ASCII."""
    for name in ("utf-16-le", "utf-16-be"):
        text = data.decode(name, "replace")
        usual = sum(len(run) for run in _USUAL.findall(text))
        if len(data) % 2 == 0 and usual >= _USUAL_SHARE * len(text):
            return _decode(data, name)
    raise ContentError("not_text")


def _unify(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
