"""The columns of an FAQ table, under all the names editors give them."""

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """``limit``: the longest cell accepted; an Excel cell holds 32,767 characters."""

    field: str
    name: str
    aliases: tuple[str, ...]
    required: bool = False
    limit: int = 500


def _column(field: str, name: str, aliases: str, required: bool = False, limit: int = 500) -> Column:
    return Column(field, name, tuple(aliases.split()), required, limit)


COLUMNS = (
    _column("id", "编号", "id 问题编号 问答编号 faq编号 data_id", limit=100),
    _column("standard_question", "标准问题", "标准问 问题 标准问句 提问 标题 question news_title", True),
    _column(
        "similar_questions", "相似问法", "相似问 相似问题 相似问句 扩展问 扩展问法 同义问法", limit=10_000
    ),
    _column("answer", "答案", "回答 答复 标准答案 答复内容 回复 answer news_content", True, 20_000),
    _column("topic", "主题", "分类 类别 主题分类 事项分类 keyword"),
    _column("department", "部门", "科室 办理部门 责任部门 主管部门 所属部门 承办部门 科室/办理部门 deptname"),
    _column("region", "适用区域", "区域 适用地区 地区 行政区划"),
    _column("audience", "适用人群", "人群 适用对象 服务对象", limit=2_000),
    _column("basis", "依据", "政策依据 法律依据 文件依据 设定依据", limit=10_000),
    _column("link", "办理链接", "链接 网址 办事链接 链接地址 url", limit=2_000),
    _column("picture", "配图", "图片链接 图片地址 图片网址 picurl", limit=1_000),
    _column("effective_from", "生效日期", "生效时间 开始日期 开始时间 有效期起 start_date", limit=100),
    _column("effective_to", "失效日期", "失效时间 截止日期 结束日期 有效期止 有效期至 end_date", limit=100),
)
# Known columns that carry nothing an FAQ keeps.
IGNORED = frozenset(("post_date", "发布日期", "序号"))

_DECORATION = re.compile(r"[\s*:_]|[(\[][^()\[\]]{0,20}[)\]]")


def header_key(name: str) -> str:
    """A header without white space, stars, remarks in brackets, case and full-width forms."""
    return _DECORATION.sub("", unicodedata.normalize("NFKC", name)).casefold()


_BY_KEY = {header_key(name): column for column in COLUMNS for name in (column.name, *column.aliases)}
_IGNORED_KEYS = frozenset(header_key(name) for name in IGNORED)


def find_column(name: str) -> Column | None:
    """The column that a header names, or ``None``."""
    return _BY_KEY.get(header_key(name))


def is_ignored(name: str) -> bool:
    """A header that is known and deliberately not imported."""
    return header_key(name) in _IGNORED_KEYS
