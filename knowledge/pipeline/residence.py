"""Where the citizen lives and to which group of people they belong: named, remembered, or asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from knowledge.pipeline.phrases import pattern
from knowledge.text import normalise

_REGION_ENDINGS = "市区县旗"


@dataclass(frozen=True)
class Residence:
    """What a conversation knows of its citizen; ``not_regions`` are regions that they said they do not live in."""

    region: str = ""
    not_regions: tuple[str, ...] = ()
    audience: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Residence:
        return cls(data.get("region", ""), tuple(data.get("not_regions", ())), data.get("audience", ""))


def short_name(region: str) -> str:
    """A region as people say it: 临港 for 临港区; names of two characters are kept whole."""
    name = normalise(region)
    short = name.rstrip(_REGION_ENDINGS)
    return short if len(short) > 1 else name


def read_reply(text: str, options: Sequence[Mapping[str, Any]]) -> int | None:
    """The number (from 1) of the option that a free answer to "您在哪个区？" means: 临港的, 我住望江, 其他区.

    ``None`` when ``text`` is no such answer, a question of its own for one. ``options`` are an answer's, as JSON.
    """
    said = normalise(text)
    bare = pattern("reply_filler").sub("", said)
    other = None
    within: list[int] = []
    for number, option in enumerate(options, 1):
        region, groups = option.get("region"), [normalise(each) for each in option.get("audience") or ()]
        if region == "":
            other = number
        names = [normalise(region), short_name(region)] if region else groups
        if any(name in said and not _beside(name, said) for name in names):
            return number
        if len(bare) > 1 and any(bare in name for name in groups):
            within.append(number)  # 职工, of 缴存职工
    if len(within) == 1:
        return within[0]
    return other if other is not None and _is_other(said, bare) else None


def _beside(name: str, said: str) -> str:
    return pattern("reply_filler").sub("", said.replace(name, "", 1))


def _is_other(said: str, bare: str) -> bool:
    """其他区, 都不是; or a place by itself, which is then none of those offered."""
    for reading in ("reply_other", "place"):
        found = pattern(reading).search(said if reading == "reply_other" else bare)
        if found:
            rest = pattern("reply_filler").sub(
                "", (said if reading == "reply_other" else bare).replace(found[0], "")
            )
            return not rest.strip("区县市")
    return False
