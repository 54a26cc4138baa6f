"""Standard Webhooks signatures, against the example its specification gives."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.delivery.signing import Secret, signed
from schemas.errors import Stop

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + "b3RoZXIgc2VjcmV0IG9mIDI0IGJ5dGVz"
AT = datetime.fromtimestamp(1_614_265_330, UTC)
BODY = b'{"test": 2432232314}'
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_the_signature_is_that_of_the_specification() -> None:
    assert signed(MESSAGE, BODY, [Secret.parse(SECRET)], AT) == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_while_a_secret_changes_both_sign() -> None:
    both = signed(MESSAGE, BODY, [Secret.parse(OTHER), Secret.parse(SECRET)], AT)
    new, old = both["webhook-signature"].split(" ")
    assert old == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert new.startswith("v1,")
    assert new != old


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_"), "whsec_@@@@" * 8]
)
def test_a_secret_that_is_none_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(Stop) as refusal:
        Secret.parse(text)
    assert len(text) < 8 or text not in str(refusal.value)


def test_a_secret_never_shows() -> None:
    assert "MfKQ" not in repr(Secret.parse(SECRET))
