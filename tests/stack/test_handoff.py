"""A citizen in WeChat asks for a person; a member of staff answers on the page; the reply arrives in WeChat."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import MARKS, opened
from tests.stack.running import RunningStack, said

pytestmark = [pytest.mark.stack, *MARKS]
PASSWORD = "stack horse battery"


def test_asking_for_a_person_reaches_the_staff_page_and_the_reply_reaches_the_citizen(
    stack: RunningStack,
) -> None:
    added = stack.run(
        *("staff", "add", "wang", "--name", "王芳", "--department", "市公安局", "--password-stdin"),
        stdin=PASSWORD,
    )
    assert added.returncode == 0, added.stderr
    said(stack, "o-person", "居住证怎么办")
    told = said(stack, "o-person", "这个我说不清楚，帮我转人工")
    assert "编号" in told

    with opened(stack.settings.base_url) as page:
        _serve(page)

    heard = said(stack, "o-person", "好的，知道了")
    assert "请带身份证到望江派出所办理" in heard


def _serve(page: Any) -> None:
    page.goto("/console")
    page.get_by_label("用户名").fill("wang")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("link", name="帮我转人工").click()
    page.get_by_text(
        "居住证怎么办", exact=True
    ).first.wait_for()  # the bot's part of the conversation is there
    page.get_by_text("由您接待中").wait_for()  # signing in brought it
    box = page.get_by_label("内容", exact=True)
    box.fill("请带身份证到望江派出所办理。")
    box.press("Control+Enter")
    page.locator(".from-staff", has_text="望江派出所").wait_for()
