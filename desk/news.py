"""Which topics a change of a conversation touches."""

from sqlalchemy import select
from sqlalchemy.engine import Connection

from desk.changes import ANY_QUEUE, Changes, conversation_topic, queue_topic, staff_topic
from desk.tables import handoffs


def tell(changes: Changes, connection: Connection, conversation_id: str, queue: bool = False) -> None:
    """Have the conversation's page, and the page of who serves it, redrawn after the commit.

    Args:
        queue: it entered or left its department's queue, so the queue is redrawn too.
    """
    row = connection.execute(
        select(handoffs.c.claimed_by, handoffs.c.department)
        .where(handoffs.c.conversation_id == conversation_id)
        .order_by(handoffs.c.id.desc())
        .limit(1)
    ).first()
    topics = [conversation_topic(conversation_id)]
    if row is not None and row.claimed_by is not None:
        topics.append(staff_topic(row.claimed_by))
    if row is not None and queue:
        topics += [ANY_QUEUE, queue_topic(row.department)]
    changes.after(connection, *topics)
