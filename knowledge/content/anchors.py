"""How anchors are put together."""

from knowledge.content.display import shorten
from knowledge.content.markers import Marker
from knowledge.content.outline import Node

_LABEL = 30


def item_label(marker: Marker, where: str) -> str:
    """The citation of an item below ``where``: ``第（二）项``, and ``第1目`` inside an item."""
    number = marker.label.rstrip(".、)）") if not marker.label.startswith("（") else marker.label
    if marker.style == "一、":
        number = f"（{number}）"
    return f"第{number}{'目' if '项' in where else '项'}"


def child_anchor(prefix: str, node: Node) -> str:
    """The anchor of a section below ``prefix``.

    Numbers join directly (``一、（一）``); a heading's words are set apart (``申请条件·1.``).
    """
    marker = node.marker
    assert marker is not None
    label = marker.label
    if marker.family == "heading":
        label = "".join(c for c in shorten(label, _LABEL) if c not in "#;；|…·" and not c.isspace()) or "标题"
    elif marker.style.startswith("1.1") and not prefix.startswith("附"):
        return label
    if not prefix or (marker.family == "item" and prefix[-1] in "、）.)"):
        return prefix + label
    return f"{prefix}·{label}"
