"""From a file's bytes to text, whatever an office computer saved them as."""

import codecs

from knowledge.content.problems import ContentError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode_text(data: bytes) -> str:
    """UTF-8 with or without BOM, UTF-16 with BOM, or GB18030 (which includes GBK and GB2312).

    Line ends become ``\\n``.

    Raises:
        ContentError: ``not_text`` (binary data) or ``bad_encoding``.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _unify(_decode(data[len(bom) :], name))
    if b"\0" in data:
        raise ContentError("not_text")
    try:
        return _unify(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _unify(_decode(data, "gb18030"))


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ContentError("bad_encoding") from error


def _unify(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
