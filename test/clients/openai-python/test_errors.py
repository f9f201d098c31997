"""Failures as openai-python tells and retries them. Rules (R…) are those of the contract for OpenAI clients."""

import pytest
from openai import (
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    OpenAI,
    RateLimitError,
)

from gateway import ROOT

HAIKU = "haiku"
TALKER = "conversational/haiku"
FUNCTION = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def user(content):
    return [{"role": "user", "content": content}]


async def statuses(gateway):
    """How the requests for an answer ended so far."""
    return [event["status"] for event in await gateway.events("request-finished") if event["method"] == "POST"]


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, "messages[0].role"),
        ({"n": 2}, "n"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"tools": [FUNCTION, FUNCTION]}, "tools[1].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "no blanks"}}]}, "tools[0].function.name"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "g"}}}, "tool_choice"),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
    ],
)
async def test_a_wrong_request_is_a_bad_request_that_names_the_field(client, gateway, wrong, param):
    """[CC4] [CC9] [CC10] [CC18] [R57] [R58] At once, whether streamed or not, and never tried again."""
    before = len(await statuses(gateway))
    for stream in (True, False):
        with pytest.raises(BadRequestError) as refused:
            client.with_options(max_retries=2).chat.completions.create(
                **{"model": HAIKU, "messages": user("x"), "stream": stream, **wrong}
            )
        error = refused.value
        assert (error.status_code, error.code, error.type) == (400, "invalid_request", "invalid_request_error")
        assert error.param == param
        assert str(ROOT) not in error.message
    assert (await statuses(gateway))[before:] == [400, 400]


def test_a_model_or_a_key_that_is_not_known(client, gateway):
    """[CC2] [ER1] [R2] [R9] [R57] Each its class, with OpenAI's code and the id of the request."""
    with pytest.raises(NotFoundError) as missing:
        client.chat.completions.create(model="no-such", messages=user("x"))
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    assert "The model `no-such` does not exist" in missing.value.message
    assert missing.value.request_id.startswith("req_")
    with OpenAI(api_key="wrong", base_url=f"{gateway.url}/v1", max_retries=0) as stranger:
        with pytest.raises(AuthenticationError) as refused:
            stranger.chat.completions.create(model=HAIKU, messages=user("x"))
    assert refused.value.code == "invalid_api_key"


@pytest.mark.parametrize("stream", [True, False])
def test_a_rate_limit_says_when_to_come_back(client, stream):
    """[ER5] [ER7] [R64] [R70] Streamed it is a status too, as nothing has been said."""
    with pytest.raises(RateLimitError) as limited:
        client.chat.completions.create(
            model=TALKER, messages=user("x [rehearse status=429 retry-after=9]"), stream=stream
        )
    error = limited.value
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.code, error.type) == (429, "rate_limit_exceeded", "rate_limit_error")
    # The CLI adds a little to what it is told to wait.
    assert 9 <= float(error.response.headers["retry-after"]) < 20
    assert error.response.headers.get("x-should-retry") == ("false" if stream else None)


async def test_a_passing_failure_is_tried_again_and_mends(client, gateway):
    """[ER3] [ER5] [R60] [R62] Two retries, then the answer; without retries the failure is the caller's.

    The CLI tries everything twice, so that four failures are two of the client's requests.
    """
    before = len(await statuses(gateway))
    mended = client.with_options(max_retries=2).chat.completions.create(
        model=HAIKU, messages=user("Once more. [rehearse status=529 fail-times=4]")
    )
    assert mended.choices[0].message.content == "This is a rehearsal. You said: Once more."
    with pytest.raises(InternalServerError) as failed:
        client.chat.completions.create(model=HAIKU, messages=user("Never. [rehearse status=529]"))
    assert (failed.value.status_code, failed.value.code) == (503, "overloaded")
    assert (await statuses(gateway))[before:] == [503, 503, 200, 503]


async def test_a_streamed_turn_is_tried_again_by_the_caller_alone(client, gateway):
    """[ER5] [ER30] [R62] [R69] The failure comes after one request; the caller's next one is answered."""
    before = len(await statuses(gateway))
    turn = {
        "model": HAIKU,
        "stream": True,
        "messages": user("Streamed once more. [rehearse status=529 fail-times=2]"),
    }
    retrying = client.with_options(max_retries=2)
    with pytest.raises(InternalServerError) as failed:
        retrying.chat.completions.create(**turn)
    assert (failed.value.status_code, failed.value.code) == (503, "overloaded")
    text = "".join(chunk.choices[0].delta.content or "" for chunk in retrying.chat.completions.create(**turn))
    assert text == "This is a rehearsal. You said: Streamed once more."
    assert (await statuses(gateway))[before:] == [503, 200]


async def test_retries_come_to_an_end(client, gateway):
    """[ER5] [R60] Two of them, and no more than the client was told to make."""
    before = len(await statuses(gateway))
    with pytest.raises(InternalServerError) as failed:
        client.with_options(max_retries=2).chat.completions.create(
            model=HAIKU, messages=user("Never at all. [rehearse status=529]")
        )
    assert failed.value.status_code == 503
    assert (await statuses(gateway))[before:] == [503, 503, 503]


@pytest.mark.parametrize("mishap", ["status=401", 'status=400 message="prompt is too long: 9 tokens > 8 maximum"'])
async def test_what_cannot_mend_is_asked_once(client, gateway, mishap):
    """[ER4] [ER6] [R61] [R62] The gateway's own login is no 401; a history that is too long is a 400."""
    before = len(await statuses(gateway))
    with pytest.raises(APIStatusError) as failed:
        client.with_options(max_retries=2).chat.completions.create(
            model=HAIKU, messages=user(f"Once. [rehearse {mishap}]")
        )
    assert failed.value.code == ("cli_not_logged_in" if "401" in mishap else "context_length_exceeded")
    assert len((await statuses(gateway))[before:]) == 1


def test_a_failure_has_the_same_code_in_the_stream_and_before_it(client):
    """[ER3] [ER7] [R63] Once text was sent, it is thrown by the stream, as an error without a status."""
    stream = client.chat.completions.create(model=HAIKU, messages=user("count to 9 [rehearse error=3]"), stream=True)
    with pytest.raises(APIError) as failed:
        list(stream)
    assert not isinstance(failed.value, APIStatusError)
    assert failed.value.code == "overloaded"
