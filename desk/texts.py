"""Chinese texts of the desk, read once from `texts.yml`."""

from pathlib import Path
from typing import Any

import yaml

DEFAULT_TEXTS = Path(__file__).with_name("texts.yml")


class Texts:
    """The texts of one YAML file.

    Args:
        path: the file; `None` takes the desk's own `texts.yml`.

    Raises:
        ValueError: the file is not a YAML mapping.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or DEFAULT_TEXTS
        loaded = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        if not isinstance(loaded, dict):
            raise ValueError(f"{self.path}: 文件内容应为“键: 文字”的 YAML 映射")
        self._texts: dict[str, Any] = loaded

    def _find(self, key: str) -> Any:
        found: Any = self._texts
        for part in key.split("."):
            if not isinstance(found, dict) or part not in found:
                raise KeyError(f"{self.path} 中缺少文字：{key}")
            found = found[part]
        return found

    def say(self, key: str, **values: object) -> str:
        """The text under a dotted key, its `{placeholders}` filled. `KeyError` if there is none."""
        return str(self._find(key)).format(**values)

    def label(self, group: str, word: object) -> str:
        """The Chinese label of a word of a closed vocabulary; an unknown word is shown as it is."""
        return str(self._find(group).get(str(word), word))

    def mapping(self, key: str) -> dict[str, str]:
        """Texts by name, in the file's order."""
        return {str(name): str(text) for name, text in self._find(key).items()}

    def words(self, key: str) -> list[str]:
        """A list of texts, such as the commands a citizen may give."""
        return [str(word) for word in self._find(key)]
