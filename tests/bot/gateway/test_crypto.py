import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from bot.gateway.wechat.crypto import MessageCipher, signature, signature_matches
from bot.gateway.wechat.errors import AppIdWrong, KeyInvalid, Undecryptable

from .support import AES_KEY, APPID

VECTORS = Path(__file__).resolve().parents[3].parent / "shared/data/wechat/official_vectors.json"


def vectors(with_encrypt: bool) -> list[dict[str, object]]:
    if not VECTORS.exists():
        return []
    known = json.loads(VECTORS.read_text(encoding="utf-8"))
    return [vector for vector in known if ("encrypt" in vector) == with_encrypt]


needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="no official vectors beside the project")


@needs_vectors
def test_the_official_plain_signatures_are_reproduced() -> None:
    assert len(vectors(False)) == 3
    for vector in vectors(False):
        parts = (vector["token"], vector["timestamp"], vector["nonce"])
        assert signature(*parts) == vector["signature"], vector["name"]


@needs_vectors
def test_the_official_encrypted_messages_are_opened_and_sealed_again_byte_for_byte() -> None:
    assert len(vectors(True)) == 2
    for vector in vectors(True):
        cipher = MessageCipher(vector["encoding_aes_key"], vector["appid"])
        parts = (vector["token"], vector["timestamp"], vector["nonce"], vector["encrypt"])
        assert signature_matches(vector["msg_signature"], *parts), vector["name"]
        assert cipher.decrypt(vector["encrypt"]) == vector["plaintext"]
        assert cipher.encrypt(vector["plaintext"], vector["random"].encode()) == vector["encrypt"]


@given(st.text())
def test_any_text_survives_sealing_and_opening(text: str) -> None:
    cipher = MessageCipher(AES_KEY, APPID)
    assert cipher.decrypt(cipher.encrypt(text)) == text


def test_wechatpy_opens_what_we_seal_and_we_open_what_it_seals() -> None:
    theirs = WeChatCrypto("token", AES_KEY, APPID)
    ours = MessageCipher(AES_KEY, APPID)
    sealed = ours.encrypt("<xml>医保</xml>")
    sign = signature("token", "1", "n", sealed)
    assert theirs.decrypt_message({"Encrypt": sealed}, sign, "1", "n") == "<xml>医保</xml>"


def test_a_message_for_another_account_is_refused() -> None:
    with pytest.raises(AppIdWrong):
        MessageCipher(AES_KEY, APPID).decrypt(MessageCipher(AES_KEY, "wxother").encrypt("x"))


@pytest.mark.parametrize(
    "sealed", ["", "AAAA", "不是base64", base64.b64encode(b"0" * 64).decode(), "=" * 10, "A" * 43]
)
def test_what_is_not_encrypted_with_the_key_is_refused(sealed: str) -> None:
    with pytest.raises(Undecryptable):
        MessageCipher(AES_KEY, APPID).decrypt(sealed)


@pytest.mark.parametrize("key", ["", "short", "x" * 42, "x" * 44, "!" * 43])
def test_a_wrong_key_is_refused_at_once(key: str) -> None:
    with pytest.raises(KeyInvalid):
        MessageCipher(key, APPID)


def test_a_signature_differs_for_each_part() -> None:
    right = signature("token", "1", "n")
    assert signature_matches(right, "token", "1", "n")
    for parts in (("tokex", "1", "n"), ("token", "2", "n"), ("token", "1", "m")):
        assert not signature_matches(right, *parts)
    assert not signature_matches("签名", "token", "1", "n")
