"""Signatures and the secure mode of the callback.

Source: the platform's documentation of message push ("消息加解密说明"): AES-256-CBC, key =
base64(EncodingAESKey + "="), IV = the key's first 16 bytes, frame = 16 random bytes + length (u32, big
endian, bytes) + message + appid, PKCS#7 with a block of 32.
"""

import base64
import binascii
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.gateway.wechat.errors import AppIdWrong, KeyInvalid, Undecryptable

_BLOCK = 32
_RANDOM = 16


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts: token, timestamp, nonce and, in secure mode, Encrypt."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - the protocol's


def signature_matches(given: str, *parts: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), signature(*parts).encode())


def is_key(encoding_aes_key: str) -> bool:
    """Whether this can be an EncodingAESKey: 43 base64 characters."""
    try:
        MessageCipher(encoding_aes_key, "")
    except KeyInvalid:
        return False
    return True


class MessageCipher:
    """Encrypts and decrypts messages of one account.

    Args:
        encoding_aes_key: the 43 characters from the console.
        appid: the account's id, checked in every message.

    Raises:
        KeyInvalid: the key is not 43 base64 characters.
    """

    def __init__(self, encoding_aes_key: str, appid: str) -> None:
        # The last character carries 4 bits only, and consoles give keys whose spare bits are set.
        try:
            self._key = base64.b64decode(encoding_aes_key + "=", validate=True)
        except (binascii.Error, ValueError) as error:
            raise KeyInvalid() from error
        if len(encoding_aes_key) != 43 or len(self._key) != 32:
            raise KeyInvalid()
        self._appid = appid.encode()

    def encrypt(self, message: str, random: bytes | None = None) -> str:
        """
        Args:
            random: the 16 bytes in front, for tests.

        Returns:
            The base64 text for `Encrypt`.
        """
        body = message.encode()
        frame = (random or os.urandom(_RANDOM)) + struct.pack(">I", len(body)) + body + self._appid
        pad = _BLOCK - len(frame) % _BLOCK
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(frame + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted: str) -> str:
        """
        Raises:
            Undecryptable: it is not base64, or not encrypted with this key.
            AppIdWrong: it is meant for another account.
        """
        try:
            sealed = base64.b64decode(encrypted, validate=True)
            decryptor = self._cipher().decryptor()
            frame = decryptor.update(sealed) + decryptor.finalize()
        except (binascii.Error, ValueError) as error:
            raise Undecryptable() from error
        pad = frame[-1] if frame else 0
        if not 1 <= pad <= _BLOCK or frame[-pad:] != bytes([pad]) * pad:
            raise Undecryptable("padding")
        frame = frame[:-pad]
        if len(frame) < _RANDOM + 4:
            raise Undecryptable("frame")
        (length,) = struct.unpack(">I", frame[_RANDOM : _RANDOM + 4])
        message, appid = frame[_RANDOM + 4 : _RANDOM + 4 + length], frame[_RANDOM + 4 + length :]
        if len(message) != length:
            raise Undecryptable("length")
        if not hmac.compare_digest(appid, self._appid):
            raise AppIdWrong()
        try:
            return message.decode()
        except UnicodeDecodeError as error:
            raise Undecryptable("utf-8") from error

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
