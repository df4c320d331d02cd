"""Canned replies 常用语: what staff say again and again, with the names and times of the moment filled in."""

from desk.canned.replies import CannedReplies, CannedReply, Scope

__all__ = ["CannedReplies", "CannedReply", "Scope"]
