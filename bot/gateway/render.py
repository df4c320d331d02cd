"""An Answer as plain text: the text, its sources under it, options numbered."""

from typing import Any

from bot.gateway.texts import Texts, load_texts

MAX_SOURCES = 3


def is_web(address: str) -> bool:
    """Whether an address is one of the web."""
    return address.lower().startswith(("http://", "https://"))


class Renderer:
    """
    Args:
        texts: the gateway's texts (`render.…`).
    """

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def render(self, text: str, payload: dict[str, Any] | None, links: bool = False) -> str:
        """What a citizen reads where only text can be shown.

        Args:
            text: what the bot said.
            payload: the Answer, if there is one.
            links: write addresses as `<a href>`, which WeChat shows; else as they are.
        """
        options = "\n".join(self._options(payload)) if payload else ""
        return _blocks(text.strip(), options, self._cited(payload, links))

    def body(self, text: str, payload: dict[str, Any] | None, links: bool = False) -> str:
        """As `render`, without the options: they are shown by other means."""
        return _blocks(text.strip(), self._cited(payload, links))

    def date(self, iso: str) -> str:
        """`2024-01-01` as 2024年1月1日; anything else as it is."""
        parts = iso.split("-")
        if len(parts) != 3 or not all(part.isdigit() for part in parts):
            return iso
        year, month, day = (int(part) for part in parts)
        return self._texts.say("render.date", year=year, month=month, day=day)

    def _cited(self, payload: dict[str, Any] | None, links: bool) -> str:
        return "\n".join(self._sources(payload, links)) if payload else ""

    def _options(self, payload: dict[str, Any]) -> list[str]:
        options = [option for option in payload.get("options") or [] if option.get("label")]
        if not options:
            return []
        lines = [
            self._texts.say("render.option", number=number, label=option["label"])
            for number, option in enumerate(options, start=1)
        ]
        key = "render.choose" if len(options) > 1 else "render.confirm"
        return [*lines, payload.get("choose") or self._texts.say(key, count=len(options))]

    def _sources(self, payload: dict[str, Any], links: bool) -> list[str]:
        sources = payload.get("sources") or []
        # An FAQ is cited by the policy it rests on; of the FAQ itself only where to get it done remains.
        policies = [source for source in sources if source.get("kind") != "faq"]
        lines = [self._source(same, links) for same in _by_document(policies or sources)]
        places = [str(source.get("url") or "") for source in sources if policies and source not in policies]
        shown = [line for line in lines if line][:MAX_SOURCES]
        return shown + [self._place(url, links) for url in places if is_web(url)]

    def _place(self, url: str, links: bool) -> str:
        words = self._texts.say("render.apply")
        return f'<a href="{_attribute(url)}">{words}</a>' if links else f"{words}：{url}"

    def _source(self, same: list[dict[str, Any]], links: bool) -> str:
        """One line for the sources of one document, with all their articles."""
        source = same[0]
        title = str(source.get("title") or "").strip()
        if not title:
            return ""
        key = "render.faq_title" if source.get("kind") == "faq" else "render.title"
        words = title if title.startswith("《") else self._texts.say(key, title=title)
        if source.get("doc_number"):
            words += self._texts.say("render.doc_number", number=source["doc_number"])
        articles = dict.fromkeys(str(each.get("article") or "") for each in same)
        words += self._texts.say("render.and").join(filter(None, articles))
        for name in ("effective_from", "effective_to"):
            if source.get(name):
                words += self._texts.say(f"render.{name}", date=self.date(str(source[name])))
        line = self._texts.say("render.source", source=words)
        url = str(source.get("url") or "")
        if not is_web(url):
            return line
        if not links:
            return f"{line}\n{url}"
        return f'{line} <a href="{_attribute(url)}">{self._texts.say("render.link")}</a>'


def _by_document(sources: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The sources in their order, those of one document (title, number, dates) together at the first one's place."""
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for source in sources:
        document = tuple(
            source.get(name) for name in ("title", "doc_number", "effective_from", "effective_to")
        )
        found.setdefault(document, []).append(source)
    return list(found.values())


def _blocks(*blocks: str) -> str:
    return "\n\n".join(block for block in blocks if block)


def _attribute(url: str) -> str:
    return url.replace('"', "%22").replace("<", "%3C").replace(">", "%3E")


def render(answer: dict[str, Any]) -> str:
    """An Answer as plain text, in the gateway's own words."""
    return Renderer(load_texts()).render(str(answer.get("text") or ""), answer)
