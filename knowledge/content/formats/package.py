"""Files inside a ZIP container, read within limits."""

import io
import lzma
import zipfile
import zlib
from typing import NamedTuple

from lxml import etree

from knowledge.content.problems import ContentError

UNPACKED_LIMIT = 200 * 1024 * 1024
PART_LIMIT = 64 * 1024 * 1024
MEMBERS = 20_000
# A member can be broken in every layer: container, compression, checksum, XML.
_BROKEN = (
    etree.XMLSyntaxError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # among them NotImplementedError, of unknown compressions
)


class Package(NamedTuple):
    """An opened container and the names in it."""

    archive: zipfile.ZipFile
    names: frozenset[str]

    def xml(self, name: str) -> etree._Element | None:
        """The root of an XML part; ``None`` where there is no such part.

        Raises:
            ContentError: ``broken_file`` or ``unpacked_too_large``.
        """
        if name not in self.names:
            return None
        if self.archive.getinfo(name).file_size > PART_LIMIT:
            raise ContentError("unpacked_too_large", limit=PART_LIMIT // 2**20)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
        try:
            return etree.fromstring(self.archive.read(name), parser=parser)
        except _BROKEN as error:
            raise ContentError("broken_file") from error


def open_package(data: bytes) -> Package:
    """Open a ZIP container whose members, unpacked, stay within ``UNPACKED_LIMIT``.

    Raises:
        ContentError: ``broken_file``, ``encrypted_file`` or ``unpacked_too_large``.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _BROKEN as error:
        raise ContentError("broken_file") from error
    members = archive.infolist()
    if any(member.flag_bits & 1 for member in members):
        raise ContentError("encrypted_file")
    if len(members) > MEMBERS or sum(member.file_size for member in members) > UNPACKED_LIMIT:
        raise ContentError("unpacked_too_large", limit=UNPACKED_LIMIT // 2**20)
    return Package(archive, frozenset(archive.namelist()))
