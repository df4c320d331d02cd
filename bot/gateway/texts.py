"""The gateway's Chinese texts, read from a YAML file."""

from pathlib import Path
from typing import Any

import yaml

DEFAULT = Path(__file__).with_name("texts.yml")


class Texts:
    """Looks texts up by their dotted key.

    Args:
        tree: the parsed YAML.
        values: filled into every text, such as `city`.
    """

    def __init__(self, tree: dict[str, Any], **values: Any) -> None:
        self._tree = tree
        self._values = values

    def get(self, key: str) -> Any:
        """The raw entry (text, list or mapping).

        Raises:
            KeyError: there is none.
        """
        node: Any = self._tree
        for name in key.split("."):
            if not isinstance(node, dict) or name not in node:
                raise KeyError(f"texts.yml 缺少条目 {key}")
            node = node[name]
        return node

    def has(self, key: str) -> bool:
        """Whether there is such an entry."""
        try:
            self.get(key)
        except KeyError:
            return False
        return True

    def say(self, key: str, **values: Any) -> str:
        """The text with its {…} filled in.

        Raises:
            KeyError: there is no such entry, or a value it needs is not given.
        """
        text: str = self.get(key).format(**{**self._values, **values})
        return text

    def section(self, key: str) -> dict[str, str]:
        """All plain texts of a section without code-supplied values, filled in."""
        entries = self.get(key)
        return {name: self._fill(text) for name, text in entries.items() if isinstance(text, str)}

    def _fill(self, text: str) -> str:
        for name, value in self._values.items():
            text = text.replace("{" + name + "}", str(value))
        return text


def load_texts(path: Path | None = None, **values: Any) -> Texts:
    """Read the texts.

    Args:
        path: the file; the gateway's own by default.
        values: filled into every text, such as `city`.

    Raises:
        ValueError: the file is not a YAML mapping.
    """
    source = path or DEFAULT
    tree = yaml.safe_load(source.read_text(encoding="utf-8"))
    if not isinstance(tree, dict):
        raise ValueError(f"{source}：应为 YAML 映射（键: 文字）。")
    return Texts(tree, **values)
