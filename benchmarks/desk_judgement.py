"""What `benchmarks.desk` finds afterwards: what was lost or came twice, and how long it took."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.engine import Engine

from benchmarks.desk_people import REPLIED, SAID, Log
from bot.gateway.wechat.simulator import Transcript
from desk.tables import conversation_messages, conversations, handoffs


@dataclass(frozen=True)
class Stored:
    """The database at the end."""

    said: dict[int, list[tuple[str, int, int | None]]]
    """serial -> (conversation, message id, handoff id) of each time it stands in a log."""
    handoffs: dict[str, list[Any]]
    conversations: dict[str, Any]


def read(engine: Engine) -> Stored:
    """The logs, handoffs and owners."""
    said = defaultdict(list)
    found = defaultdict(list)
    with engine.connect() as connection:
        citizens = conversation_messages.c.author == "citizen"
        for row in connection.execute(
            select(conversation_messages).where(citizens).order_by(conversation_messages.c.id)
        ):
            for serial in map(int, SAID.findall(row.text)):
                said[serial].append((row.conversation_id, row.id, row.handoff_id))
        for row in connection.execute(select(handoffs).order_by(handoffs.c.id)):
            found[row.conversation_id].append(row)
        owners = {row.id: row for row in connection.execute(select(conversations))}
    return Stored(dict(said), dict(found), owners)


def messages(log: Log, stored: Stored) -> dict[str, int]:
    """Every accepted message stands in the log of its conversation once, and in the order it was written."""
    result = Counter(
        {name: 0 for name in ("not_accepted", "lost", "more_often", "elsewhere", "out_of_order")}
    )
    last: dict[str, int] = {}
    for each in log.said:
        places = stored.said.get(each.serial, [])
        own = [place for place in places if place[0] == each.conversation]
        result["sent"] += 1
        result["not_accepted"] += not each.accepted
        result["lost"] += bool(each.accepted) and not own
        result["more_often"] += len(own) > 1
        result["elsewhere"] += len(places) > len(own)
        result["once"] += len(own) == 1
        for _, message, _ in own:
            result["out_of_order"] += message < last.get(each.conversation, 0)
            last[each.conversation] = message
    return dict(result)


def waiting(log: Log, stored: Stored) -> dict[str, int]:
    """Everybody who entered still waits, is served by exactly one, or was served until staff ended it."""
    result = Counter({name: 0 for name in ("waiting", "served", "ended", "lost_or_doubled")})
    for conversation in log.entered:
        own, row = stored.handoffs.get(conversation, []), stored.conversations.get(conversation)
        open_ = [each for each in own if each.status != "resolved"]
        if row is None or not own or len(open_) > 1:
            result["lost_or_doubled"] += 1
        elif not open_:
            by_staff = own[-1].outcome == "resolved" and conversation in log.ended and row.owner == "bot"
            result["ended" if by_staff else "lost_or_doubled"] += 1
        elif open_[0].status == "queued" and row.owner == "queue" and row.handoff_id == open_[0].id:
            result["waiting"] += 1
        elif (
            open_[0].status == "claimed"
            and (row.owner, row.staff_id, row.handoff_id) == ("staff", open_[0].claimed_by, open_[0].id)
            and open_[0].claimed_by is not None
        ):
            result["served"] += 1
        else:
            result["lost_or_doubled"] += 1
    return dict(result)


def replies(log: Log, transcript: Transcript) -> dict[str, int]:
    """Every reply that staff were told is sent was seen by its citizen once, and by nobody else."""
    seen: Counter[tuple[int, str]] = Counter()
    last: dict[str, int] = {}
    result = Counter({name: 0 for name in ("lost", "more_often", "elsewhere", "out_of_order")})
    for entry in sorted(transcript.since(0), key=lambda entry: entry.id):
        if entry.side == "account":
            for serial in map(int, REPLIED.findall(entry.text)):
                seen[serial, f"wechat:{entry.openid}"] += 1
                result["out_of_order"] += serial < last.get(entry.openid, 0)
                last[entry.openid] = serial
    for serial, conversation in log.replied.items():
        times = seen.pop((serial, conversation), 0)
        result["sent"] += 1
        result["once"] += times == 1
        result["lost"] += times == 0
        result["more_often"] += times > 1
    result["elsewhere"] = sum(serial in log.replied for serial, _ in seen)
    return dict(result)


def timings(log: Log, stored: Stored, start: float, end: float) -> dict[str, Any]:
    """How long it took from what was done between two moments until a page showed it, in milliseconds."""
    on_page, listed, never = [], [], 0
    for each in log.said:
        if not start <= each.at < end:
            continue
        if each.serial in log.on_page:
            on_page.append(log.on_page[each.serial] - each.at)
        for conversation, message, handoff in stored.said.get(each.serial, [])[:1]:
            shown = [at for last, at in log.listed.get(conversation, ()) if last >= message]
            if shown:
                listed.append(min(shown) - each.at)
            elif handoff is not None and conversation not in log.ended:
                never += 1
    in_list, in_database = freed(log, stored, start, end)
    sent = [each for each in log.said if start <= each.at < end]
    return {
        "messages_per_second": round(len(sent) / (end - start), 1),
        "messages_sent_again_by_the_platform": sum(each.tries > 1 for each in sent),
        "message_in_the_open_conversation_ms": spread(on_page),
        "message_marked_in_the_own_list_ms": spread(listed),
        "never_marked": never,
        "freed_slot_to_next_in_the_list_ms": spread(in_list),
        "freed_slot_to_next_assigned_ms": spread(in_database),
    }


def freed(log: Log, stored: Stored, start: float, end: float) -> tuple[list[float], list[float]]:
    """Of each conversation that staff ended: seconds from the click until the next stood in their list, and from
    the end until the next was theirs in the database."""
    everything = [row for rows in stored.handoffs.values() for row in rows if row.claimed_by is not None]
    in_list, in_database = [], []
    for staff in {row.claimed_by for row in everything}:
        mine = [row for row in everything if row.claimed_by == staff]
        ends = sorted((row for row in mine if row.resolved_at), key=lambda row: row.resolved_at)
        first = ends[0].resolved_at if ends else 0.0
        nexts = sorted(
            (row for row in mine if row.claimed_at >= first), key=lambda row: (row.claimed_at, row.id)
        )
        for ended, next_ in zip(ends, nexts, strict=False):
            clicks = [at for at in log.clicked.get(ended.conversation_id, ()) if at <= ended.resolved_at]
            if not clicks or not start <= clicks[-1] < end or next_.number not in log.theirs:
                continue
            in_list.append(log.theirs[next_.number] - clicks[-1])
            in_database.append(next_.claimed_at - ended.resolved_at)
    return in_list, in_database


def spread(seconds: list[float]) -> dict[str, float]:
    """How many, p50, p95 and the longest, in milliseconds."""
    if not seconds:
        return {"n": 0}
    points = {f"p{p}": round(1000 * float(np.percentile(seconds, p)), 1) for p in (50, 95)}
    return {"n": len(seconds), **points, "max": round(1000 * max(seconds), 1)}
