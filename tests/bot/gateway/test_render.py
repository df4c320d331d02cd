from bot.gateway.render import Renderer, render

from .support import TEXTS

LAW = {
    "kind": "clause",
    "title": "测试市医疗保险办法",
    "doc_number": "测政发〔2024〕1号",
    "article": "第八条",
    "effective_from": "2024-01-01",
    "effective_to": "2028-12-31",
    "url": 'https://example.gov.cn/a?b="c"',
}


def test_sources_stand_under_the_answer_with_their_dates() -> None:
    shown = Renderer(TEXTS).render("可以补缴。", {"sources": [{**LAW, "url": None}]})
    assert shown == (
        "可以补缴。\n\n来源：《测试市医疗保险办法》（测政发〔2024〕1号）第八条，自2024年1月1日起施行，有效期至2028年12月31日"
    )


def test_only_three_different_documents_are_named() -> None:
    sources = [LAW, LAW] + [{**LAW, "title": f"第{number}个办法"} for number in range(9)]
    assert Renderer(TEXTS).render("答", {"sources": sources}).count("来源：") == 3


def test_the_articles_of_one_document_stand_in_one_line_each_once() -> None:
    other = {**LAW, "title": "另一办法", "article": "第一条"}
    sources = [
        {**LAW, "article": "第七条"},
        other,
        {**LAW, "article": "第八条"},
        {**LAW, "article": "第七条"},
    ]
    shown = Renderer(TEXTS).render("答", {"sources": sources})
    assert "《测试市医疗保险办法》（测政发〔2024〕1号）第七条、第八条，自2024年1月1日起施行" in shown
    assert shown.count("来源：") == 2
    assert shown.index("测试市医疗保险办法") < shown.index("另一办法")


def test_an_faq_is_cited_by_the_policy_it_rests_on_and_keeps_its_place_to_apply() -> None:
    faq = {"kind": "faq", "title": "医保断缴怎么办", "url": "https://example.gov.cn/apply"}
    shown = Renderer(TEXTS).render("可以补缴。", {"sources": [faq, LAW]})
    assert "《测试市医疗保险办法》" in shown
    assert "医保断缴怎么办" not in shown
    assert shown.endswith("在线办理：https://example.gov.cn/apply")
    assert "问答“医保断缴怎么办”" in Renderer(TEXTS).render("可以补缴。", {"sources": [faq]})


def test_links_are_anchors_in_wechat_and_plain_elsewhere() -> None:
    assert "\nhttps://example.gov.cn/a" in Renderer(TEXTS).render("答", {"sources": [LAW]})
    anchored = Renderer(TEXTS).render("答", {"sources": [LAW]}, links=True)
    assert '<a href="https://example.gov.cn/a?b=%22c%22">查看原文</a>' in anchored
    loud = {**LAW, "url": "HTTPS://example.gov.cn/a"}
    assert '<a href="HTTPS://example.gov.cn/a">' in Renderer(TEXTS).render(
        "答", {"sources": [loud]}, links=True
    )
    script = {**LAW, "url": "javascript:alert(1)"}
    assert "javascript" not in Renderer(TEXTS).render("答", {"sources": [script]}, links=True)


def test_what_the_desk_asks_brings_its_own_words_below_the_options() -> None:
    rating = {"options": [{"label": "满意"}, {"label": "不满意"}], "choose": "不评价也没关系。"}
    assert Renderer(TEXTS).render("满意吗？", rating).endswith("2. 不满意\n不评价也没关系。")


def test_options_are_numbered_and_the_citizen_is_told_to_reply_with_the_number() -> None:
    shown = render({"text": "您想问哪一种？", "options": [{"label": "职工医保"}, {"label": "居民医保"}]})
    assert "1. 职工医保\n2. 居民医保\n请回复数字选择（1-2）。" in shown
