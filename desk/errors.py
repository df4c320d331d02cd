"""What the desk refuses, and why. Every message is Chinese and meant for the person who reads it.

DeskError                     code, message
├── BadInput                  something given is empty, too long or unknown
├── UnknownHandoff            no such handoff or conversation
├── UnknownCannedReply        no such canned reply
├── HandoffClosed             the handoff has ended, or the citizen stopped waiting
├── AlreadyClaimed            a colleague was faster
├── NotYours                  the conversation is not owned by this member of staff
├── NotAllowed                the role does not permit it
└── AccountError
    ├── SignInRefused         wrong name or password
    ├── SignInLocked          too many failures
    ├── UsernameTaken
    ├── UnknownStaff
    └── LastAdministrator     somebody must be left who can manage the accounts
"""


class DeskError(Exception):
    """Base of all. `code` is for programs, `message` (Chinese) for people, `http_status` for the pages.

    `field` names the input of a form that it is about, where there is one.
    """

    code = "desk_error"
    http_status = 400

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class BadInput(DeskError):
    code = "bad_input"
    http_status = 422


class UnknownHandoff(DeskError):
    code = "unknown_handoff"
    http_status = 404


class UnknownCannedReply(DeskError):
    code = "unknown_canned_reply"
    http_status = 404


class HandoffClosed(DeskError):
    code = "handoff_closed"
    http_status = 409


class AlreadyClaimed(DeskError):
    code = "already_claimed"
    http_status = 409


class NotYours(DeskError):
    code = "not_yours"
    http_status = 409


class NotAllowed(DeskError):
    code = "not_allowed"
    http_status = 403


class AccountError(DeskError):
    code = "account_error"


class SignInRefused(AccountError):
    code = "sign_in_refused"
    http_status = 401


class SignInLocked(AccountError):
    code = "sign_in_locked"
    http_status = 429


class UsernameTaken(AccountError):
    code = "username_taken"
    http_status = 409


class UnknownStaff(AccountError):
    code = "unknown_staff"
    http_status = 404


class LastAdministrator(AccountError):
    code = "last_administrator"
    http_status = 409
