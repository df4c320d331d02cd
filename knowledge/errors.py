"""What the knowledge service can refuse, with texts for people.

KnowledgeError
├── NothingPublished      no release answers yet
├── UnknownRelease        no release has this number
├── UnknownAnswer         no answer has this id
├── NoOptionsPending      a choice without a question to choose for
├── OptionOutOfRange      a choice that was not offered
├── NothingToShow         "全文" without an answer to show
└── NotReplayable         a stored answer that came from no question to a release
"""

from __future__ import annotations


class KnowledgeError(Exception):
    """Base of everything the knowledge service refuses; its text is Chinese and for people."""


class NothingPublished(KnowledgeError):
    """No release has been published yet."""


class UnknownRelease(KnowledgeError):
    """No release has this number."""


class UnknownAnswer(KnowledgeError):
    """No answer has this id, or none was given in this conversation."""


class NoOptionsPending(KnowledgeError):
    """The conversation's last answer offered no options."""


class OptionOutOfRange(KnowledgeError):
    """The chosen number was not among the options offered."""


class NothingToShow(KnowledgeError):
    """The conversation has no answer whose sources could be shown in full."""


class NotReplayable(KnowledgeError):
    """The answer was given without a release, so that nothing can be run again."""
