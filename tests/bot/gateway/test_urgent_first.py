"""Whoever is in danger reads the emergency numbers first, whatever else waits for them."""

from pathlib import Path
from typing import Any

from .support import CITIZEN, PLAIN, PUSHING, FakeRasa, push, world

NUMBERS = "请马上打 110 或 120。" * 10
DANGER = "有人拿刀"


def dialogue() -> FakeRasa:
    def answer(_sender: str, text: str) -> list[dict[str, Any]]:
        if text != DANGER:
            return [{"text": f"答：{text}"}]
        return [{"text": NUMBERS, "custom": {"status": "handoff", "text": NUMBERS, "reason": "crisis"}}]

    rasa = FakeRasa()
    rasa.answer = answer
    return rasa


async def test_what_waited_comes_after_them_in_the_same_reply(tmp_path: Path) -> None:
    async with world(tmp_path, PLAIN, rasa=dialogue()) as w:
        push(w, "您的材料已收到。")
        assert ((await w.platform.say(CITIZEN, "你好")).text or "").endswith("答：你好")
        push(w, "请补充一张照片。")
        reply = (await w.platform.say(CITIZEN, DANGER)).text or ""
        assert reply.startswith(NUMBERS)
        assert reply.endswith("请补充一张照片。")


async def test_what_does_not_fit_beside_them_waits(tmp_path: Path) -> None:
    async with world(tmp_path, PLAIN, rasa=dialogue()) as w:
        long = "请" + "补充材料" * 148 + "。"
        push(w, long)
        reply = (await w.platform.say(CITIZEN, DANGER)).text or ""
        assert reply.startswith(NUMBERS)
        assert "补充材料" not in reply
        rest = (await w.platform.say(CITIZEN, "继续")).text or ""
        assert long in rest
        assert NUMBERS not in rest


async def test_they_do_not_wait_for_a_menu_that_is_still_to_be_sent(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING, rasa=dialogue(), send_after_error=60) as w:
        await w.platform.say(CITIZEN, "你好")
        w.api.errors.append(45009)
        options = [{"id": "1", "label": "满意"}, {"id": "2", "label": "不满意"}]
        with w.engine.begin() as connection:
            payload = {"status": "handoff", "options": options}
            w.gateway.deliver(connection, f"wechat:{CITIZEN}", "system", "您满意吗？", payload)
        reply = (await w.platform.say(CITIZEN, DANGER)).text or ""
        assert reply.startswith(NUMBERS)
