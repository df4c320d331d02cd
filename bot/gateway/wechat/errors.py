"""What can be wrong with a callback request.

    CallbackError
    ├── Refused (403)
    │   ├── SignatureMissing
    │   ├── SignatureWrong
    │   ├── TimestampStale
    │   ├── Replayed
    │   ├── PlainRefused        the account is in secure mode
    │   └── AppIdWrong
    ├── NotConfigured (503)
    │   └── KeyInvalid          the EncodingAESKey is not one
    └── BadMessage (400)
        ├── Undecryptable
        ├── Malformed
        ├── EncryptedInPlainMode
        └── TooLarge (413)

`key` names the text (`problems.…` in texts.yml) that tells people what to do.
"""

from typing import Any


class CallbackError(Exception):
    """A request that cannot be accepted."""

    status = 400
    key = "malformed"

    def __init__(self, detail: str = "", **values: Any) -> None:
        super().__init__(detail or self.key)
        self.values = values


class Refused(CallbackError):
    status = 403
    key = "bad_signature"


class SignatureMissing(Refused):
    key = "no_signature"


class SignatureWrong(Refused):
    key = "bad_signature"


class TimestampStale(Refused):
    key = "stale"


class Replayed(Refused):
    key = "replayed"


class PlainRefused(Refused):
    key = "downgrade"


class AppIdWrong(Refused):
    key = "bad_appid"


class NotConfigured(CallbackError):
    status = 503
    key = "not_configured"


class KeyInvalid(NotConfigured):
    key = "bad_key"


class BadMessage(CallbackError):
    status = 400


class Undecryptable(BadMessage):
    key = "undecryptable"


class Malformed(BadMessage):
    key = "malformed"


class EncryptedInPlainMode(BadMessage):
    key = "encrypted_in_plain"


class TooLarge(BadMessage):
    status = 413
    key = "too_large"
