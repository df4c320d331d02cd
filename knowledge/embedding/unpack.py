"""Unpack the bundled model into an ordinary sentence-transformers folder.

Only for running it in another precision than int8, and as the reference that the int8 engine is measured against.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from knowledge.embedding.bundled import (
    BOS,
    EOS,
    PAD,
    PASSAGE_PREFIX,
    QUERY_PREFIX,
    UNK,
    ModelFile,
    ModelShape,
    bundled_model_file,
    made_whole,
)
from knowledge.embedding.errors import BundledModelError

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


def _state_name(name: str) -> str:
    if name in _GLOBAL_NAMES:
        return _GLOBAL_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}.{_SUFFIXES[kind]}"


def _write_tokenizer(folder: Path, shape: ModelShape, vocabulary: list[tuple[str, float]]) -> None:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=UNK, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", BOS), ("</s>", EOS)]
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


def _bert(file: ModelFile) -> Any:
    import torch
    from transformers import BertConfig, BertModel

    shape = file.shape
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.token_types,
        layer_norm_eps=shape.epsilon,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
    )
    # The pooler layer is not in the file and not used; it is kept so that loading reports nothing missing.
    model = BertModel(config)
    expected = model.state_dict()
    try:
        names = {_state_name(name): name for name in file.tensors}
    except (KeyError, ValueError) as error:
        raise BundledModelError(f"模型文件有不认识的张量（{error}）。请重新运行 make setup。") from error
    missing = sorted(name for name in set(expected) ^ set(names) if not name.startswith("pooler."))
    if missing:
        raise BundledModelError(
            f"模型文件有 {len(missing)} 个张量缺失或不符：{missing[:3]}…。请重新运行 make setup。"
        )
    weights = {
        state: torch.from_numpy(file.values(name, *expected[state].shape).copy())
        for state, name in names.items()
    }
    model.load_state_dict(weights, strict=False)
    return model


def unpack_bundled_model(target: Path) -> Path:
    """Write the bundled model to ``target`` as a sentence-transformers folder, once; return ``target``.

    The folder appears whole or not at all. Raises BundledModelError.
    """
    if target.is_dir():
        return target
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Normalize, Pooling, Transformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    file = ModelFile(bundled_model_file())
    model = _bert(file)
    with made_whole(target) as folder:
        bert = folder.parent / "bert"
        bert.mkdir()
        # Halves the file and the time to load it; float16 holds what 4-bit blocks with float16 scales can say.
        model.half().save_pretrained(bert)
        _write_tokenizer(bert, file.shape, file.vocabulary())
        transformer = Transformer(str(bert), max_seq_length=file.shape.positions)
        pooling = Pooling(file.shape.hidden, pooling_mode="mean")
        prompts = {"query": QUERY_PREFIX, "passage": PASSAGE_PREFIX}
        SentenceTransformer(modules=[transformer, pooling, Normalize()], prompts=prompts).save(str(folder))
    return target
