"""Chinese numerals, and one spelling for article numbers, however a reader writes them."""

import re

NUMERAL = "0-9０-９零〇○一二三四五六七八九十百千两"
CHINESE = "零〇○一二三四五六七八九十百千两"
_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_WIDE = str.maketrans("０１２３４５６７８９()", "0123456789（）")
_NUMBERED = re.compile(r"(?<=第)\d{1,4}(?=[条款编章节])|(?<=条之)\d{1,2}")
_ITEM = re.compile(rf"第([{CHINESE}]{{1,6}})项")


def parse_numeral(text: str) -> int | None:
    """``二十一``, ``21`` and ``２１`` are 21; ``None`` when it is not a number (``十百``)."""
    text = text.translate(_WIDE)
    if text.isascii():
        return int(text) if text.isdigit() else None
    if len(text) > 1 and all(c in _DIGITS for c in text):
        return int("".join(str(_DIGITS[c]) for c in text))
    total, digit, last_unit = 0, 0, 10_000
    for c in text:
        if c in _DIGITS:
            digit = _DIGITS[c]
        elif c in _UNITS and _UNITS[c] < last_unit:
            last_unit = _UNITS[c]
            total += (digit or 1) * last_unit
            digit = 0
        else:
            return None
    return total + digit


def chinese_numeral(number: int) -> str:
    """21 is ``二十一``, 1000 + 5 is ``一千零五``. For 1 to 9999; other numbers are returned in digits."""
    if not 0 < number < 10_000:
        return str(number)
    result, gap = "", False
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            result += ("零" if gap and result else "") + "零一二三四五六七八九"[digit] + sign
            gap = False
        else:
            gap = True
    return result[1:] if result.startswith("一十") else result


def normalize_anchor(text: str) -> str:
    """One spelling for look-ups: ``第 8 条第二项`` and ``第八条第(二)项`` become ``第八条第（二）项``."""
    text = "".join(text.split()).translate(_WIDE)
    text = _NUMBERED.sub(lambda m: chinese_numeral(int(m[0])), text)
    return _ITEM.sub(r"第（\1）项", text)
