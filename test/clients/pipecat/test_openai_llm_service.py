"""What a Pipecat bot meets at `/v1/chat/completions`. Rules (R…) are those of the contract for OpenAI clients."""

import asyncio
import time

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.utils.errors import ErrorCategory

from conversation import Conversation
from gateway import CLOSED_MS, ROOT, serving, told, until


def counted(last):
    return " ".join(str(number) for number in range(1, last + 1))


def in_order(text, *parts):
    """Whether the parts stand in the text one after the other."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


async def test_a_streamed_reply_becomes_text_frames_exactly_with_metrics(gateway):
    """[R5, R9, R29, R31, R34, R41] Bulgarian and emoji, in pieces, under Pipecat's default model name."""
    text = "Здравейте! Аз съм Жечо 👋🏽, а това е семейството ми: 👨‍👩‍👧‍👦. Щъркели, ъгли, юмруци… „Ѝ“?"
    async with Conversation(gateway) as bot:
        assert bot.llm._settings.model == "gpt-4.1"
        reply = await bot.say(f"[rehearse first=2500 slow=20]say exactly: {text}")
    assert reply.text == text
    assert len(reply.pieces) > 3
    assert reply.ends == 1
    assert reply.usage.prompt_tokens > 0
    assert reply.usage.completion_tokens > 0
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.ttfb >= 2.5, "a chunk with choices came before the first token"
    assert bot.llm.get_full_model_name() == "sonnet"
    [request] = await gateway.requests("Аз съм Жечо")
    assert "sonnet" in request["body"]["model"]


async def test_the_whole_history_reaches_the_model_in_order(gateway):
    """[R13, R16] Several system messages, one in the middle; user and assistant turns as they were said."""
    service, opening, middle = "INSTRUCTION-ONE of the service", "INSTRUCTION-TWO opens", "INSTRUCTION-THREE, midway"
    async with Conversation(
        gateway, messages=[{"role": "system", "content": opening}], system_instruction=service
    ) as bot:
        first = await bot.say("Казвам се Ада и живея във Варна.")
        bot.context.add_message({"role": "system", "content": middle})
        second = await bot.say("recall")
        third = await bot.say("recall everything")
    assert first.text == "Това е репетиция. Казахте: Казвам се Ада и живея във Варна."
    noted = f"Казвам се Ада и живея във Варна. | <system>\n{middle}\n</system>"
    assert second.text == noted
    assert third.text == f"{noted} | recall"
    [request] = await gateway.requests("recall everything")
    sent = told(request)
    prompt = "\n".join(block["text"] for block in request["body"]["system"])
    assert in_order(prompt, service, opening)
    assert in_order(sent, "Казвам се Ада", first.text, middle, "recall", second.text, "recall everything")


async def test_an_interruption_stops_the_answer_and_the_next_turn_is_answered_at_once(gateway, figure):
    """[R50, R51, R52] Barge-in in the middle of an answer."""
    failures = len(await gateway.events("request-failed"))
    async with Conversation(gateway) as bot:
        reply = await bot.begin("count to 500 [rehearse slow=40]")
        await reply.begun(pieces=5)
        interrupted_ms = time.time() * 1000
        await bot.interrupt()
        answer = await bot.say("say exactly: Слушам ви, кажете.")
        assert answer.text == "Слушам ви, кажете."
        await reply.end()
        heard = reply.text
        assert counted(500).startswith(heard) and heard != counted(500)
        request = await gateway.request("count to 500 [rehearse slow=40]", "closed-early")
        closed_ms = request["closedAtMs"] - interrupted_ms
        figure(f"interruption in mid-answer -> request to the model closed: {closed_ms:.0f} ms")
        assert closed_ms < CLOSED_MS
        await until(gateway.is_idle, "the interrupted run is over")
        assert (await bot.say("recall")).text == "count to 500 | say exactly: Слушам ви, кажете."
    assert reply.text == heard
    assert len(await gateway.events("request-failed")) == failures, "leaving counts as a failure"


async def test_an_interruption_before_the_first_token_stops_the_request(gateway, figure):
    """[R18, R50, R52] Barge-in while nothing has been said yet."""
    async with Conversation(gateway) as bot:
        reply = await bot.begin("Кажи нещо. [rehearse first=5000]")
        await gateway.request("Кажи нещо.", "open")
        interrupted_ms = time.time() * 1000
        await bot.interrupt()
        answer = await bot.say("say exactly: Да?")
        assert answer.text == "Да?"
        await reply.end()
        assert reply.text == ""
        request = await gateway.request("Кажи нещо.", "closed-early")
        closed_ms = request["closedAtMs"] - interrupted_ms
        figure(f"interruption before the first token -> request to the model closed: {closed_ms:.0f} ms")
        assert closed_ms < CLOSED_MS
        assert request["piecesSent"] == 0


async def posts(gateway):
    """How many requests for an answer have ended so far."""
    return len([event for event in await gateway.events("request-finished") if event["method"] == "POST"])


async def test_a_slow_first_token_is_no_reason_to_ask_again():
    """[ST2] [R27] [R68] Pipecat's own retry waits for the headers alone, and they are out long before."""
    with serving(VIVAVOCE_HEADER_HOLD_MS="0") as gateway:
        async with Conversation(gateway, service={"retry_on_timeout": True, "retry_timeout_secs": 2.5}) as bot:
            assert (await bot.say("[rehearse first=4000]say exactly: Едва сега.")).text == "Едва сега."
        assert len(await gateway.requests("Едва сега.")) == 1


async def test_a_retry_within_the_hold_replaces_a_request_that_hangs(gateway):
    """[ST2] [CA1] [R27] [R67] [R68] The request that Pipecat gave up is closed at the model, and the next one is answered."""
    before = await posts(gateway)
    async with Conversation(gateway, service={"retry_on_timeout": True, "retry_timeout_secs": 1}) as bot:
        text = "Втори опит."
        assert (await bot.say(f"[rehearse hang=1 fail-times=1]say exactly: {text}")).text == text
    await gateway.request(text, "closed-early")
    assert [request["state"] for request in await gateway.requests(text)] == ["closed-early", "finished"]
    assert await posts(gateway) == before + 2


async def fails(bot, text):
    """Says something that must fail, and checks what is true of every failure."""
    reply = await bot.begin(text)
    error = await bot.error()
    await reply.end()
    assert reply.ends == 1
    assert str(ROOT) not in error.error
    assert "rehearse" not in error.error, "the model API's own words reached the caller"
    return reply, error


async def still_answers(bot):
    assert bot.llm.is_usable
    assert (await bot.say("say exactly: Отново съм тук.")).text == "Отново съм тук."


@pytest.mark.parametrize(
    ("mishap", "code"),
    [
        ("status=529", "overloaded"),
        ("status=500", "upstream_failed"),
        ("status=429 retry-after=9", "rate_limit_exceeded"),
    ],
)
async def test_an_error_before_the_first_token_leaves_the_service_usable(gateway, mishap, code):
    """[ER30] [R58] [R59] [R60] [R62] [R63] An error after one request, nothing spoken, and the next turn works."""
    before = await posts(gateway)
    async with Conversation(gateway) as bot:
        reply, error = await fails(bot, f"hello [rehearse {mishap}]")
        assert await posts(gateway) == before + 1, "the listener waited for the client's own retries"
        assert reply.text == ""
        assert error.exception.code == code
        assert not error.category.is_permanent
        await still_answers(bot)


async def test_an_error_in_mid_answer_leaves_the_service_usable(gateway):
    """[R59, R60, R63] What was said stays said, the error is not part of it, and the next turn works."""
    async with Conversation(gateway) as bot:
        reply, error = await fails(bot, "count to 50 [rehearse drop=5]")
        assert reply.text != "" and counted(5).startswith(reply.text)
        assert not error.category.is_permanent
        assert error.exception.code == "upstream_failed"
        await still_answers(bot)


async def test_a_lost_login_of_the_gateway_leaves_the_service_usable(gateway):
    """[R61, R62] The model API refuses the gateway's login: no fault of the client's key, and asked once."""
    asked = len(await gateway.events("request-finished"))
    async with Conversation(gateway) as bot:
        reply, error = await fails(bot, "hello there [rehearse status=401]")
        assert reply.text == ""
        assert error.category is ErrorCategory.SERVER
        assert error.exception.status_code == 503
        await still_answers(bot)
    statuses = [event["status"] for event in (await gateway.events("request-finished"))[asked:]]
    assert statuses.count(503) == 1, "the client sent again what cannot succeed"


@pytest.mark.parametrize(
    ("settings", "category", "code"),
    [
        ({"model": "no-such-model"}, ErrorCategory.INVALID_REQUEST, "model_not_found"),
        ({"key": "wrong-key"}, ErrorCategory.AUTHENTICATION, "invalid_api_key"),
    ],
)
async def test_what_can_never_succeed_takes_the_service_out_of_use(gateway, settings, category, code):
    """[R2, R9, R60] An unknown model or a wrong key: an error that Pipecat takes for permanent, no run of the CLI."""
    async with Conversation(gateway, **settings) as bot:
        reply, error = await fails(bot, f"Is there a {code}?")
        assert reply.text == ""
        assert error.category is category
        assert error.exception.code == code
        assert not bot.llm.is_usable
    assert await gateway.requests(f"Is there a {code}?") == []


async def test_thinking_is_never_spoken(gateway):
    """[R37] Nor does it get into the context."""
    async with Conversation(gateway) as bot:
        reply = await bot.say("say exactly: Готово е. [rehearse thinking=1]")
        assert reply.text == "Готово е."
        assert "SECRET-THOUGHT" not in str(bot.context.messages)


async def test_text_that_means_something_to_the_cli_is_only_text(gateway, tmp_path):
    """[R24] Mentions, commands and options reach the model verbatim; no file is read, nor by an agent with tools."""
    secret = tmp_path / "secret.txt"
    secret.write_text("CONTENT-OF-THE-FILE")
    mentions = ["@/etc/hostname", f"@{secret}"]
    for text in [*mentions, "/clear", "/exit", "--dangerously-skip-permissions", "!ls", "#remember"]:
        echo = f"This is a rehearsal. You said: {text}"
        async with Conversation(gateway) as bot:
            assert (await bot.say(text)).text == echo
            assert (await bot.say("recall")).text == text
            if text in mentions:
                assert await bot.llm.run_inference(LLMContext([{"role": "user", "content": text}])) == echo
        requests = await gateway.requests(text)
        assert len(requests) >= 2
        assert all("CONTENT-OF-THE-FILE" not in request["rawBody"] for request in requests)


async def test_an_inference_out_of_band_works_beside_a_live_stream(gateway):
    """[R4, R54, R55] A whole answer from the default agent; the live answer goes on untouched."""
    async with Conversation(gateway) as bot:
        reply = await bot.begin("count to 300 [rehearse slow=20]")
        await reply.begun()
        history = [*bot.context.messages, {"role": "user", "content": "Обобщи разговора накратко."}]
        summary = await bot.llm.run_inference(LLMContext(history), max_tokens=2000)
        assert summary == "Това е репетиция. Казахте: Обобщи разговора накратко."
        await reply.end()
    assert reply.text == counted(300)
    assert [message["role"] for message in bot.context.messages] == ["user", "assistant"]


async def test_ten_conversations_at_once_do_not_mix(gateway):
    """[R25, R52] Each of ten callers hears and is remembered by its own words alone."""

    async def converse(number):
        async with Conversation(gateway) as bot:
            text = " ".join(f"разговор{number}дума{word}" for word in range(20))
            assert (await bot.say(f"say exactly: {text}")).text == text
            assert (await bot.say("recall")).text == f"say exactly: {text}"

    await asyncio.gather(*(converse(number) for number in range(10)))
