"""What openai-python meets at `/v1/chat/completions`: text. Rules (R…) are those of the contract for OpenAI clients."""

import asyncio
import re
import time

import pytest
from openai import APIError, APITimeoutError, AsyncStream

from gateway import CLOSED_MS, until

HAIKU = "haiku"
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A picture of one point, as PNG."""


def user(content):
    return [{"role": "user", "content": content}]


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


BULGARIAN = "Ѝ, ъгли и щъркели: „Здравей, свят!“ 👋🏽 👨‍👩‍👧‍👦 🇧🇬\n\tкрай"


def test_a_stream_is_the_text_in_pieces_with_one_role_one_finish_and_usage_last(client):
    """[ST4] [ST5] [ST7] [ST8] [ST9] [R30] [R31] [R32] [R34] [R41] Cyrillic, emoji and white space unchanged."""
    chunks = list(
        client.chat.completions.create(
            model=HAIKU, messages=user(f"say exactly: {BULGARIAN}"), stream=True, stream_options={"include_usage": True}
        )
    )
    assert text_of(chunks) == BULGARIAN
    *text, finish, usage = chunks
    assert [chunk.choices[0].delta.role for chunk in text] == ["assistant"] + [None] * (len(text) - 1)
    assert len(text) > 3
    assert (finish.choices[0].finish_reason, finish.choices[0].delta.to_dict()) == ("stop", {})
    assert usage.choices == []
    assert usage.usage.total_tokens == usage.usage.prompt_tokens + usage.usage.completion_tokens
    assert {(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks} == {
        (finish.id, finish.created, HAIKU, "chat.completion.chunk")
    }


def test_an_answer_that_is_not_streamed_is_whole(client):
    """[DO1] [ST9] [R54] The same text, the finish and the usage."""
    completion = client.chat.completions.create(model=HAIKU, messages=user(f"say exactly: {BULGARIAN}"))
    [choice] = completion.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", BULGARIAN, "stop")
    assert choice.message.tool_calls is None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert completion.usage.completion_tokens > 0


def test_the_stream_helper_tells_of_each_piece_and_puts_the_message_together(client):
    """[ST4] [ST6] [ST7] [R30] [R32] Each snapshot is what was said so far."""
    with client.chat.completions.stream(model=HAIKU, messages=user("count to 5")) as stream:
        events = list(stream)
        completion = stream.get_final_completion()
    deltas = [event for event in events if event.type == "content.delta"]
    assert [event.delta for event in deltas] == ["1", " 2", " 3", " 4", " 5"]
    assert [event.snapshot for event in deltas] == ["1", "1 2", "1 2 3", "1 2 3 4", "1 2 3 4 5"]
    assert [event.content for event in events if event.type == "content.done"] == ["1 2 3 4 5"]
    [choice] = completion.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", "1 2 3 4 5", "stop")


@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_a_limit_ends_the_answer(client, limit):
    """[CC8] [R4] [R33] With the finish `length`, streamed or not."""
    asked = {"model": HAIKU, "messages": user("count to 50"), limit: 4}
    whole = client.chat.completions.create(**asked).choices[0]
    assert (whole.message.content, whole.finish_reason) == ("1 2 3 4", "length")
    chunks = list(client.chat.completions.create(**asked, stream=True))
    assert (text_of(chunks), chunks[-1].choices[0].finish_reason) == ("1 2 3 4", "length")


def test_every_reply_bears_its_request_id(client):
    """[HE2] [R71] As a header, as `_request_id` of what was parsed, and of a stream; each time another."""
    asked = {"model": HAIKU, "messages": user("hello")}
    raw = client.chat.completions.with_raw_response.create(**asked)
    completion = raw.parse()
    assert re.fullmatch(r"req_\w+", raw.headers["x-request-id"])
    assert completion._request_id == raw.request_id == raw.headers["x-request-id"]
    assert completion.choices[0].message.content == "This is a rehearsal. You said: hello"
    with client.chat.completions.with_streaming_response.create(**asked, stream=True) as streamed:
        assert streamed.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert streamed.headers["x-request-id"] not in ("", raw.request_id)
        assert text_of(streamed.parse()) == "This is a rehearsal. You said: hello"


def test_what_cannot_be_honoured_is_named(client):
    """[CC7] [R3] In a header, beside an answer as always."""
    raw = client.chat.completions.with_raw_response.create(
        model=HAIKU, messages=user("hello"), seed=7, frequency_penalty=0.5, service_tier="auto", logit_bias={"1": 1}
    )
    assert raw.parse().choices[0].finish_reason == "stop"
    ignored = re.split(r",\s*", raw.headers["x-vivavoce-ignored"])
    assert {"seed", "frequency_penalty", "logit_bias"} <= set(ignored)


async def test_a_picture_in_a_data_url_reaches_the_model(gateway, async_client):
    """[CC5] [R15] Beside what is said of it, streamed and not."""
    content = [
        {"type": "text", "text": "Какво е това на снимката?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DOT}", "detail": "low"}},
    ]
    for stream in (True, False):
        asked = await async_client.chat.completions.create(model=HAIKU, messages=user(content), stream=stream)
        answer = text_of([chunk async for chunk in asked]) if stream else asked.choices[0].message.content
        assert answer.startswith("Това е репетиция.")
    requests = await gateway.requests("Какво е това на снимката?")
    assert len(requests) == 2
    for request in requests:
        blocks = request["body"]["messages"][0]["content"]
        [picture] = [block for block in blocks if block["type"] == "image"]
        assert picture["source"] == {"type": "base64", "media_type": "image/png", "data": DOT}


async def test_ten_at_once_do_not_mix(async_client):
    """[CC13] [R25] Each hears and is remembered by its own words alone, streamed."""

    async def converse(number):
        first = f"say exactly: {' '.join(f'разговор{number}дума{word}' for word in range(12))}"
        messages = user(first)
        async with async_client.chat.completions.stream(model=HAIKU, messages=messages) as stream:
            said = (await stream.get_final_completion()).choices[0].message.content
        assert f"say exactly: {said}" == first
        messages += [{"role": "assistant", "content": said}, *user("recall")]
        chunks = await async_client.chat.completions.create(model=HAIKU, messages=messages, stream=True)
        assert text_of([chunk async for chunk in chunks]) == first

    await asyncio.gather(*(converse(number) for number in range(10)))


async def leave_stream(client, messages):
    async with client.chat.completions.stream(model=HAIKU, messages=messages) as stream:
        async for event in stream:
            if event.type == "content.delta":
                return


async def break_off(client, messages):
    stream = await client.chat.completions.create(model=HAIKU, messages=messages, stream=True)
    async for chunk in stream:
        if chunk.choices:
            break
    await stream.close()


async def cancel_stream(client, messages):
    begun = asyncio.Event()

    async def read():
        async for _chunk in await client.chat.completions.create(model=HAIKU, messages=messages, stream=True):
            begun.set()

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


@pytest.mark.parametrize("leave", [leave_stream, break_off, cancel_stream])
async def test_leaving_a_stream_closes_the_request_to_the_model(gateway, async_client, figure, leave):
    """[CA1] [CA3] [R50] [R51] However the client leaves in mid-answer; it counts as no failure."""
    failures = len(await gateway.events("request-failed"))
    words = f"[rehearse slow=30] say exactly: {leave.__name__} {'дума ' * 400}"
    await leave(async_client, user(words))
    left_ms = time.time() * 1000
    request = await gateway.request(words, "closed-early")
    closed_ms = request["closedAtMs"] - left_ms
    figure(f"{leave.__name__} in mid-answer -> request to the model closed: {closed_ms:.0f} ms")
    assert closed_ms < CLOSED_MS
    await until(gateway.is_idle, "the run is over")
    assert len(await gateway.events("request-failed")) == failures


@pytest.mark.parametrize("stream", [True, False])
async def test_leaving_before_the_first_token_closes_the_request_to_the_model(gateway, async_client, figure, stream):
    """[CA1] [CA3] [R50] [R56] Streamed or not."""
    failures = len(await gateway.events("request-failed"))
    words = f"too slow [rehearse first=20000] stream {stream}"
    asked = {"model": HAIKU, "messages": user(words), "stream": stream}
    waiting = asyncio.create_task(async_client.chat.completions.create(**asked))
    await gateway.request(words, "open")
    left_ms = time.time() * 1000
    waiting.cancel()
    # The headers of a stream may be there by now.
    if isinstance(answer := (await asyncio.gather(waiting, return_exceptions=True))[0], AsyncStream):
        await answer.close()
    request = await gateway.request(words, "closed-early")
    closed_ms = request["closedAtMs"] - left_ms
    figure(f"left before the first token (stream {stream}) -> request to the model closed: {closed_ms:.0f} ms")
    assert closed_ms < CLOSED_MS
    assert request["piecesSent"] == 0
    assert len(await gateway.events("request-failed")) == failures


async def test_a_time_limit_of_the_client_is_its_own_error(async_client):
    """[CA1] [R68] And what it waited for ends with it."""
    limited = async_client.with_options(timeout=0.5)
    with pytest.raises(APITimeoutError):
        await limited.chat.completions.create(model=HAIKU, messages=user("too slow by far [rehearse first=20000]"))


def test_a_failure_in_mid_answer_is_thrown_after_the_text_that_came(client):
    """[ER3] [ER7] [R59] [R63] In the stream, never as a part of the answer; not streamed it is an error by status."""
    asked = {"model": HAIKU, "messages": user("count to 9 [rehearse drop=4]")}
    chunks = []
    with pytest.raises(APIError) as streamed:
        for chunk in client.chat.completions.create(**asked, stream=True):
            chunks.append(chunk)
    assert text_of(chunks) != "" and "1 2 3 4".startswith(text_of(chunks))
    assert all(chunk.choices[0].finish_reason is None for chunk in chunks)
    with pytest.raises(APIError) as whole:
        client.chat.completions.create(**asked)
    assert streamed.value.code == whole.value.code == "upstream_failed"
    assert whole.value.status_code == 503
