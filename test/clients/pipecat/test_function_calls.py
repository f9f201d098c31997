"""Functions of a Pipecat bot, in a real pipeline. Rules (R…) are those of the contract for OpenAI clients."""

import asyncio
import json
import time

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.processors.aggregators.llm_context import LLMContext

from conversation import TURN_SECONDS, Conversation, held
from gateway import CLOSED_MS, until
from transcript import Call, Result, functions, transcript


class Function:
    """A function that tells when it runs and, where it is `gated`, waits until it may give its result."""

    def __init__(self, result, *, gated=False):
        self.result = result
        self.arguments = []
        self.cancelled = 0
        self._started = asyncio.Event()
        self._gate = asyncio.Event()
        if not gated:
            self._gate.set()

    async def __call__(self, params):
        self.arguments.append(dict(params.arguments))
        self._started.set()
        try:
            await self._gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        await params.result_callback(self.result)

    async def running(self):
        await asyncio.wait_for(self._started.wait(), TURN_SECONDS)

    def let_go(self):
        self._gate.set()


def schema(name, **properties):
    return FunctionSchema(
        name=name,
        description=f"Прави това: {name}",
        properties={key: {"type": kind} for key, kind in properties.items()},
        required=list(properties),
    )


WEATHER = schema("get_weather", city="string")
TIME = schema("get_time", zone="string", exact="boolean")
STOP = schema("stop")
CITY = {"city": "Велико Търново 🏰"}
ZONE = {"zone": "Europe/Sofia", "exact": True}
CALL_WEATHER = f"call=get_weather input={json.dumps(CITY, ensure_ascii=False)}"
CALL_TIME = f"call=get_time input={json.dumps(ZONE)}"
RAIN = {"небе": "дъжд", "градуси": 7}


def as_result(value):
    """As Pipecat writes a result into its context."""
    return json.dumps(value, ensure_ascii=False)


def calls_in(context):
    """The calls of a context in order, as ids, and what it holds of their results."""
    messages = context.messages
    ids = [call["id"] for message in messages for call in message.get("tool_calls", [])]
    results = {message["tool_call_id"]: message["content"] for message in messages if message["role"] == "tool"}
    return [(id, results[id]) for id in ids]


async def settled(context, content):
    """Waits until a result of the context is so."""

    async def there():
        return content in [result for _, result in calls_in(context)]

    await until(there, f"a result is {content}")


async def asked_last(gateway, words):
    """What the newest request with these words told the model."""
    return transcript((await gateway.requests(words))[-1])


async def test_a_direct_function_is_offered_called_and_answered(gateway):
    """[FN1] [FN2] [FN3] [FN4] [R20] [R22] [R29] [R45] [R47] [R49] Declared by its signature; one call, one answer."""
    asked = []

    async def get_weather(params, city: str, days: int = 1):
        """Времето в един град.

        Args:
            city: Името на града.
            days: How many days ahead.
        """
        asked.append((city, days))
        await params.result_callback(RAIN)

    words = f"Какво е времето във Велико Търново? [rehearse {CALL_WEATHER}]"
    async with Conversation(gateway, functions=[get_weather]) as bot:
        calling = await bot.say(words)
        assert (calling.text, calling.ends) == ("", 1)
        assert calling.ttfb > 0
        assert calling.usage.completion_tokens > 0
        answer = await bot.answer()
        assert answer.text == f"Инструментът отговори: {as_result(RAIN)}"
        assert asked == [(CITY["city"], 1)]
        assert (await bot.say("say exactly: Благодаря!")).text == "Благодаря!"
        [(id, result)] = calls_in(bot.context)
        assert result == as_result(RAIN)
    first, second, third = await gateway.requests("Велико Търново?")
    assert functions(first)["get_weather"]["description"] == "Времето в един град."
    parameters = functions(first)["get_weather"]["input_schema"]
    assert parameters["properties"]["city"]["description"] == "Името на града."
    assert parameters["required"] == ["city"]
    told = [("user", [words]), ("assistant", [Call("get_weather", CITY, id)]), ("user", [Result(result, id)])]
    assert transcript(first) == told[:1]
    assert transcript(second) == told
    assert transcript(third) == [*told, ("assistant", [answer.text]), ("user", ["say exactly: Благодаря!"])]


async def test_two_calls_in_parallel_are_one_answer_of_the_model(gateway):
    """[FN4] [FN5] [R19] [R20] [R42] [R43] [R44] Though the context holds each by itself, with its result behind it."""
    weather, clock = Function(RAIN, gated=True), Function({"час": "12:30"})
    words = f"Времето и часът? [rehearse {CALL_WEATHER} {CALL_TIME}]"
    async with Conversation(gateway, functions=[WEATHER, TIME]) as bot:
        bot.llm.register_function("get_weather", weather)
        bot.llm.register_function("get_time", clock)
        await bot.say(words)
        await weather.running()
        await settled(bot.context, as_result(clock.result))
        assert calls_in(bot.context)[0][1] == "IN_PROGRESS"
        weather.let_go()
        answer = await bot.answer()
        assert [message["role"] for message in bot.context.messages] == [
            *["user", "assistant", "tool", "assistant", "tool", "assistant"]
        ]
        assert answer.text == f"Инструментът отговори: {as_result(RAIN)} | {as_result(clock.result)}"
        (first, _), (second, _) = calls_in(bot.context)
    assert (weather.arguments, clock.arguments) == ([CITY], [ZONE])
    assert await asked_last(gateway, words) == [
        ("user", [words]),
        ("assistant", [Call("get_weather", CITY, first), Call("get_time", ZONE, second)]),
        ("user", [Result(as_result(RAIN), first), Result(as_result(clock.result), second)]),
    ]
    assert len(await gateway.requests(words)) == 2, "inference ran before both were done"


async def test_one_call_after_the_other_and_one_without_arguments(gateway):
    """[FN3] [FN4] [FN5] [R19] [R45] Calls of two answers stay two, though nothing stands between them."""
    weather, stop = Function(RAIN), Function("done")
    words = f"Първо времето. [rehearse {CALL_WEATHER} then-call=stop]"
    async with Conversation(gateway, functions=[WEATHER, STOP]) as bot:
        bot.llm.register_function("get_weather", weather)
        bot.llm.register_function("stop", stop)
        await bot.say(words)
        assert (await bot.answer()).text == ""
        assert (await bot.answer()).text == 'The tool answered: "done"'
        (first, _), (second, _) = calls_in(bot.context)
        assert stop.arguments == [{}]
        told = held(bot.context.messages[:-1])
    assert await asked_last(gateway, words) == told
    assert told == [
        ("user", [words]),
        ("assistant", [Call("get_weather", CITY, first)]),
        ("user", [Result(as_result(RAIN), first)]),
        ("assistant", [Call("stop", {}, second)]),
        ("user", [Result('"done"', second)]),
    ]


async def test_text_before_a_call_is_spoken_and_the_model_is_told_what_the_context_holds(gateway):
    """[FN4] [FN10] [CC13] [R36] [R46] Pipecat keeps such a text behind the call and its result."""
    words = f"[rehearse {CALL_WEATHER}]say exactly: Момент, ще проверя."
    weather = Function(RAIN)
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather)
        assert (await bot.say(words)).text == "Момент, ще проверя."
        await bot.answer()
        assert weather.arguments == [CITY]
        assert (await bot.say("say exactly: Готово.")).text == "Готово."
        told = held(bot.context.messages[:-1])
    assert await asked_last(gateway, "say exactly: Готово.") == told


async def test_a_function_that_raises_is_answered_with_what_pipecat_says_of_it(gateway):
    """[FN4] [R20] The result is the text that stands in the context."""

    async def broken(params):
        raise RuntimeError("no such city")

    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", broken)
        await bot.say(f"Broken? [rehearse {CALL_WEATHER}]")
        assert "no such city" in (await bot.error()).error
        answer = await bot.answer()
        [(_, result)] = calls_in(bot.context)
        assert answer.text == f"The tool answered: {result}"
        assert bot.llm.is_usable


async def test_a_function_past_its_deadline_is_cancelled_and_the_model_told(gateway):
    """[FN4] [R20] [R48] Pipecat writes CANCELLED and asks the model at once."""
    weather = Function(RAIN, gated=True)
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather, timeout_secs=0.2)
        await bot.say(f"Too late? [rehearse {CALL_WEATHER}]")
        assert (await bot.answer()).text == "The tool answered: CANCELLED"
    assert weather.cancelled == 1


async def closes(gateway, figure, words, phase, since_ms, nth=0):
    """The request to the model, closed promptly after the interruption."""
    request = await gateway.request(words, "closed-early", nth)
    closed_ms = request["closedAtMs"] - since_ms
    figure(f"interruption {phase} -> request to the model closed: {closed_ms:.0f} ms")
    assert closed_ms < CLOSED_MS
    return request


async def next_turn_tells_the_context(gateway, bot, words):
    """Says something more; the model is told exactly what the context holds, and answers it."""
    assert (await bot.say(f"say exactly: {words}")).text == words
    told = held(bot.context.messages[:-1])
    assert await asked_last(gateway, f"say exactly: {words}") == told
    return told


async def begun(gateway, words, nth=0):
    """Waits until the model has sent a piece of its answer."""

    async def there():
        found = await gateway.requests(words)
        return len(found) > nth and found[nth]["piecesSent"] > 0

    await until(there, f"the answer to {words!r} has begun")


async def test_an_interruption_before_the_first_token_of_a_call(gateway, figure):
    """[CA1] [FN4] [WP5] [R16] [R18] [R50] Nothing is called; two things said in a row reach the model."""
    weather = Function(RAIN)
    words = f"Преди първата дума. [rehearse first=5000 {CALL_WEATHER}]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather)
        reply = await bot.begin(words)
        await gateway.request(words, "open")
        since_ms = time.time() * 1000
        await bot.interrupt()
        await reply.end()
        told = await next_turn_tells_the_context(gateway, bot, "Слушам (1).")
        request = await closes(gateway, figure, words, "before the first token of a call", since_ms)
        assert request["piecesSent"] == 0
    assert told == [("user", [words, "say exactly: Слушам (1)."])]
    assert weather.arguments == []


async def test_an_interruption_in_mid_text(gateway, figure):
    """[CA1] [WP5] [R17] [R50] [R51] [R52] With functions offered; what was heard stays said, the rest never was."""
    words = "count to 499 [rehearse slow=30]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", Function(RAIN))
        reply = await bot.begin(words)
        await reply.begun(pieces=5)
        since_ms = time.time() * 1000
        await bot.interrupt()
        await reply.end()
        told = await next_turn_tells_the_context(gateway, bot, "Слушам (2).")
        await closes(gateway, figure, words, "in mid-text", since_ms)
    assert told == [("user", [words]), ("assistant", [reply.text]), ("user", ["say exactly: Слушам (2)."])]


async def test_an_interruption_while_arguments_come(gateway, figure):
    """[CA1] [FN4] [WP5] [R50] [R51] The half of a call is not called, is not in the context and is not told."""
    weather = Function(RAIN)
    long = as_result({"city": "Търново " * 40})
    words = f"Докато идват аргументите. [rehearse slow=300 call=get_weather input={long}]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather)
        reply = await bot.begin(words)
        await begun(gateway, words)
        since_ms = time.time() * 1000
        await bot.interrupt()
        await reply.end()
        told = await next_turn_tells_the_context(gateway, bot, "Слушам (3).")
        request = await closes(gateway, figure, words, "while arguments come", since_ms)
        assert 0 < request["piecesSent"] < 8
    assert told == [("user", [words, "say exactly: Слушам (3)."])]
    assert weather.arguments == []


async def test_an_interruption_after_text_while_arguments_come(gateway, figure):
    """[CA1] [FN4] [FN10] [WP5] [R17] [R50] What was said before the call was heard; the call never was."""
    weather = Function(RAIN)
    long = as_result({"city": "Търново " * 40})
    words = f"[rehearse stall=3 call=get_weather input={long}]say exactly: Момент."
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather)
        reply = await bot.begin(words)
        await reply.begun()
        since_ms = time.time() * 1000
        await bot.interrupt()
        await reply.end()
        told = await next_turn_tells_the_context(gateway, bot, "Слушам (4).")
        await closes(gateway, figure, words, "after text while arguments come", since_ms)
    assert told == [("user", [words]), ("assistant", ["Момент."]), ("user", ["say exactly: Слушам (4)."])]
    assert weather.arguments == []


async def test_an_interruption_while_the_function_runs(gateway):
    """[CA3] [FN3] [FN4] [R20] [R48] Pipecat cancels it: the call stays, its result is CANCELLED, no answer comes."""
    weather = Function(RAIN, gated=True)
    words = f"Докато тя работи. [rehearse {CALL_WEATHER}]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather, cancel_on_interruption=True)
        await bot.say(words)
        await weather.running()
        assert [request["state"] for request in await gateway.requests(words)] == ["finished"]
        await until(gateway.is_idle, "nothing waits for the result")
        await bot.interrupt()
        await settled(bot.context, "CANCELLED")
        assert weather.cancelled == 1
        [(id, _)] = calls_in(bot.context)
        told = await next_turn_tells_the_context(gateway, bot, "Слушам (5).")
    assert told == [
        ("user", [words]),
        ("assistant", [Call("get_weather", CITY, id)]),
        ("user", [Result("CANCELLED", id), "say exactly: Слушам (5)."]),
    ]


async def test_an_interruption_between_the_results_of_two_calls(gateway):
    """[FN4] [FN5] [R19] [R20] [R48] One has its result, the other is cancelled; both are of one answer."""
    weather, clock = Function(RAIN, gated=True), Function({"час": "12:30"})
    words = f"Едната е готова. [rehearse {CALL_WEATHER} {CALL_TIME}]"
    async with Conversation(gateway, functions=[WEATHER, TIME]) as bot:
        bot.llm.register_function("get_weather", weather)
        bot.llm.register_function("get_time", clock)
        await bot.say(words)
        await settled(bot.context, as_result(clock.result))
        await bot.interrupt()
        await settled(bot.context, "CANCELLED")
        (first, _), (second, _) = calls_in(bot.context)
        told = await next_turn_tells_the_context(gateway, bot, "Слушам (6).")
    assert told == [
        ("user", [words]),
        ("assistant", [Call("get_weather", CITY, first), Call("get_time", ZONE, second)]),
        (
            "user",
            [Result("CANCELLED", first), Result(as_result(clock.result), second), "say exactly: Слушам (6)."],
        ),
    ]


async def test_an_interruption_of_the_answer_to_a_result(gateway, figure):
    """[CA1] [FN4] [WP5] [R17] [R20] [R50] [R51] Call, result and what was heard of the answer stay."""
    forecast = " ".join(f"дума{number}" for number in range(40))
    words = f"След отговора. [rehearse {CALL_WEATHER}][rehearse round=1 slow=60]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", Function(forecast))
        await bot.say(words)
        reply = await bot.reply()
        await reply.begun(pieces=4)
        since_ms = time.time() * 1000
        await bot.interrupt()
        await reply.end()
        [(id, _)] = calls_in(bot.context)
        told = await next_turn_tells_the_context(gateway, bot, "Слушам (7).")
        await closes(gateway, figure, words, "of the answer to a result", since_ms, 1)
    assert reply.text.startswith("Инструментът отговори:") and len(reply.text) < len(forecast)
    assert told == [
        ("user", [words]),
        ("assistant", [Call("get_weather", CITY, id)]),
        ("user", [Result(as_result(forecast), id)]),
        ("assistant", [reply.text]),
        ("user", ["say exactly: Слушам (7)."]),
    ]


async def test_an_interruption_before_the_answer_to_a_result_begins(gateway, figure):
    """[CA1] [FN4] [R18] [R20] [R50] The result was told, nobody heard of it; it is told again."""
    words = f"Преди отговора. [rehearse {CALL_WEATHER}][rehearse round=1 first=5000]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", Function(RAIN))
        await bot.say(words)
        reply = await bot.reply()
        await gateway.request(words, "open", 1)
        since_ms = time.time() * 1000
        await bot.interrupt()
        await reply.end()
        [(id, _)] = calls_in(bot.context)
        told = await next_turn_tells_the_context(gateway, bot, "Слушам (8).")
        await closes(gateway, figure, words, "before the answer to a result", since_ms, 1)
    assert told[-1] == ("user", [Result(as_result(RAIN), id), "say exactly: Слушам (8)."])


async def test_a_function_that_ends_after_the_user_spoke_again(gateway):
    """[CC13] [FN4] [FN5] [WP1] [R20] The result that the model knew as running is rewritten where it stands."""
    weather = Function(RAIN, gated=True)
    words = f"Бавно ли е? [rehearse {CALL_WEATHER}]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather)
        await bot.say(words)
        await weather.running()
        assert (await bot.say("say exactly: Още работи.")).text == "Още работи."
        [(id, _)] = calls_in(bot.context)
        beginning = [("user", [words]), ("assistant", [Call("get_weather", CITY, id)])]
        said = [("assistant", ["Още работи."])]
        assert await asked_last(gateway, words) == [
            *beginning,
            ("user", [Result("IN_PROGRESS", id), "say exactly: Още работи."]),
        ]
        weather.let_go()
        await bot.answer()
        rewritten = ("user", [Result(as_result(RAIN), id), "say exactly: Още работи."])
        assert await asked_last(gateway, words) == [*beginning, rewritten, *said, ("user", ["(Go on.)"])]
        told = await next_turn_tells_the_context(gateway, bot, "Край.")
    assert told[:3] == [*beginning, rewritten]


async def test_a_function_that_goes_on_through_interruptions_brings_its_result_later(gateway):
    """[CC6] [CC13] [FN4] [R14] [R21] The call is told to be running, its result comes as a developer's message."""
    weather = Function(RAIN, gated=True)
    words = f"На заден план. [rehearse {CALL_WEATHER}]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather, cancel_on_interruption=False)
        await bot.say(words)
        await weather.running()
        await bot.interrupt()
        assert (await bot.say("say exactly: Още работи.")).text == "Още работи."
        [(id, running)] = calls_in(bot.context)
        assert json.loads(running)["status"] == "running"
        assert (await asked_last(gateway, words))[-1] == ("user", [Result(running, id), "say exactly: Още работи."])
        weather.let_go()
        await bot.answer()
        developer = next(message for message in bot.context.messages if message["role"] == "developer")
        result = json.loads(developer["content"])
        assert (result["tool_call_id"], result["result"]) == (id, as_result(RAIN))
        assert held(bot.context.messages[:-1])[:5] == await asked_last(gateway, words)
        await next_turn_tells_the_context(gateway, bot, "Край на фона.")
    assert weather.cancelled == 0


async def test_a_result_that_comes_while_the_user_speaks_is_told_with_what_the_user_said(gateway):
    """[FN4] [FN5] [R20] [R21] Pipecat holds it until the user has done speaking, then asks once for both."""
    weather = Function(RAIN, gated=True)
    words = f"Докато говоря. [rehearse {CALL_WEATHER}]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather, cancel_on_interruption=False)
        await bot.say(words)
        await weather.running()
        await bot.start_speaking()
        weather.let_go()
        await settled(bot.context, as_result(RAIN))
        await bot.stop_speaking("say exactly: Чух и двете.")
        assert (await bot.answer()).text == "Чух и двете."
        [(id, _)] = calls_in(bot.context)
        told = held(bot.context.messages[:-1])
    assert await asked_last(gateway, words) == told
    assert told == [
        ("user", [words]),
        ("assistant", [Call("get_weather", CITY, id)]),
        ("user", [Result(as_result(RAIN), id), "say exactly: Чух и двете."]),
    ]
    assert len(await gateway.requests(words)) == 2


async def test_results_that_each_ask_the_model_are_told_as_they_stand_then(gateway):
    """[FN4] [FN5] [R19] [R20] [R48] Without Pipecat's grouping, one call is told as running, then with its result."""
    weather, clock = Function(RAIN, gated=True), Function({"час": "12:30"})
    words = f"Поотделно. [rehearse {CALL_WEATHER} {CALL_TIME}]"
    async with Conversation(gateway, functions=[WEATHER, TIME], service={"group_parallel_tools": False}) as bot:
        bot.llm.register_function("get_weather", weather)
        bot.llm.register_function("get_time", clock)
        await bot.say(words)
        first = await bot.answer()
        assert first.text == f"Инструментът отговори: IN_PROGRESS | {as_result(clock.result)}"
        weather.let_go()
        await bot.answer()
        told = held(bot.context.messages[:-1])
        assert await asked_last(gateway, words) == [*told, ("user", ["(Go on.)"])]
        (one, _), (other, _) = calls_in(bot.context)
    assert told[1:] == [
        ("assistant", [Call("get_weather", CITY, one), Call("get_time", ZONE, other)]),
        ("user", [Result(as_result(RAIN), one), Result(as_result(clock.result), other)]),
        ("assistant", [first.text]),
    ]


async def test_a_summary_may_take_the_place_of_calls(gateway):
    """[FN5] [WP1] [R23] What is dropped is gone; a result whose call was dropped is told as text."""
    words = f"Дълъг разговор. [rehearse {CALL_WEATHER} {CALL_TIME}]"
    async with Conversation(gateway, functions=[WEATHER, TIME]) as bot:
        bot.llm.register_function("get_weather", Function(RAIN))
        bot.llm.register_function("get_time", Function({"час": "12:30"}))
        await bot.say(words)
        answer = await bot.answer()
        (_, _), (second, _) = calls_in(bot.context)
        *_, clock, said = bot.context.messages
        assert (clock["role"], said["role"]) == ("tool", "assistant")
        summary = {"role": "user", "content": "Conversation summary: времето и часът."}
        bot.context.set_messages([summary, clock, said])
        assert (await bot.say("say exactly: Със съкращение.")).text == "Със съкращение."
    *_, request = await gateway.requests("say exactly: Със съкращение.")
    (user, said_before), *rest = transcript(request)
    assert (user, said_before[0]) == ("user", summary["content"])
    assert said_before[1].startswith("<function_result") and '{"час": "12:30"}' in said_before[1]
    assert rest == [("assistant", [answer.text]), ("user", ["say exactly: Със съкращение."])]
    assert words not in request["rawBody"]


async def test_in_a_named_conversation_the_newest_turn_wins(gateway):
    """[CC15] [FN3] [R8] [R53] The name travels in the settings; calls and results are turns like others."""
    weather = Function(RAIN)
    words = f"С име. [rehearse {CALL_WEATHER}]"
    named = {"metadata": {"conversation": "a Pipecat call"}}
    async with Conversation(gateway, functions=[WEATHER], extra=named) as bot:
        bot.llm.register_function("get_weather", weather)
        await bot.say(words)
        await bot.answer()
        reply = await bot.begin("count to 498 [rehearse slow=30]")
        await reply.begun(pieces=3)
        await bot.interrupt()
        await reply.end()
        await next_turn_tells_the_context(gateway, bot, "Слушам (9).")
    assert weather.arguments == [CITY]


async def test_an_inference_out_of_band_leaves_the_live_turn_of_a_named_conversation_alone(gateway):
    """[CC15] [R8] [R55] Pipecat sends the settings, and the name in them, with both."""
    named = {"metadata": {"conversation": "a Pipecat call with a summary"}}
    async with Conversation(gateway, extra=named) as bot:
        reply = await bot.begin("count to 100 [rehearse slow=30]")
        await reply.begun()
        history = [*bot.context.messages, {"role": "user", "content": "say exactly: Обобщение."}]
        assert await bot.llm.run_inference(LLMContext(history)) == "Обобщение."
        await reply.end()
    assert reply.text == " ".join(str(number) for number in range(1, 101))


async def test_functions_may_change_between_turns(gateway):
    """[FN7] [WP7] Others, then none, then the first again; what was called stays in the history throughout."""
    weather, clock = Function(RAIN), Function({"час": "12:30"})
    words = f"Сменяме. [rehearse {CALL_WEATHER}]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather)
        bot.llm.register_function("get_time", clock)
        await bot.say(words)
        await bot.answer()
        await bot.offer([TIME])
        await bot.say(f"А часът? [rehearse {CALL_TIME}]")
        assert (await bot.answer()).text == f"Инструментът отговори: {as_result(clock.result)}"
        await bot.offer([])
        await next_turn_tells_the_context(gateway, bot, "Без функции.")
        await bot.offer([WEATHER, TIME])
        await bot.say(f"Отново. [rehearse {CALL_WEATHER} {CALL_TIME}]")
        await bot.answer()
        told = held(bot.context.messages[:-1])
        assert len(calls_in(bot.context)) == 4
    requests = await gateway.requests(words)
    # Where none are offered, those of the history stay known and cannot be called.
    offered = [set(functions(request)) for request in requests]
    assert offered[:4] == [{"get_weather"}] * 2 + [{"get_time"}] * 2
    assert offered[5:] == [{"get_weather", "get_time"}] * 2
    assert transcript(requests[-1]) == told
    assert (weather.arguments, clock.arguments) == ([CITY] * 2, [ZONE] * 2)


async def test_an_inference_out_of_band_with_calls_in_its_history_leaves_the_live_turn_alone(gateway):
    """[FN4] [R20] [R54] [R55] Beside a function that runs, and beside the answer to its result."""
    weather = Function(" ".join(f"дума{number}" for number in range(40)), gated=True)
    words = f"На живо. [rehearse {CALL_WEATHER}][rehearse round=1 slow=80]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather)

        async def summary(question, **context):
            history = [*bot.context.messages, {"role": "user", "content": question}]
            before = held(history)
            answer = await bot.llm.run_inference(LLMContext(history, **context), max_tokens=2000)
            assert answer == f"Това е репетиция. Казахте: {question}"
            assert await asked_last(gateway, question) == before

        await bot.say(words)
        await weather.running()
        await summary("Обобщи, докато функцията работи.", tools=[WEATHER])
        weather.let_go()
        reply = await bot.reply()
        await reply.begun()
        await summary("Обобщи, докато отговорът върви.")
        assert not reply.stopped.is_set(), "the live answer was over too soon to be disturbed"
        await reply.end()
        assert reply.text == f"Инструментът отговори: {as_result(weather.result)}"
        await next_turn_tells_the_context(gateway, bot, "Нататък.")
    assert (await gateway.requests(words))[1]["state"] == "finished"


@pytest.mark.parametrize("mishap", ["drop=3", "error=3"])
async def test_a_failure_while_arguments_come_calls_nothing(gateway, mishap):
    """[ER3] [FN9] [R59] [R60] [R63] An error frame, and the next turn calls as if nothing had been."""
    weather = Function(RAIN)
    words = f"Счупи се ({mishap}). [rehearse {CALL_WEATHER} {mishap}]"
    async with Conversation(gateway, functions=[WEATHER]) as bot:
        bot.llm.register_function("get_weather", weather)
        reply = await bot.begin(words)
        error = await bot.error()
        await reply.end()
        assert not error.category.is_permanent
        assert (weather.arguments, calls_in(bot.context)) == ([], [])
        assert bot.llm.is_usable
        await bot.say(f"Пак? [rehearse {CALL_WEATHER}]")
        assert (await bot.answer()).text == f"Инструментът отговори: {as_result(RAIN)}"


async def test_ten_conversations_call_at_once(gateway):
    """[FN3] [FN4] [R25] [R47] [R52] Each is answered with its own results, whatever process serves it."""

    async def converse(number):
        lookup = Function({"нашел": number})
        async with Conversation(gateway, functions=[schema("lookup", number="integer")]) as bot:
            bot.llm.register_function("lookup", lookup)
            for round in range(2):
                await bot.say(f'Търси {number}.{round} [rehearse call=lookup input={{"number":{number}}}]')
                assert (await bot.answer()).text == f"Инструментът отговори: {as_result(lookup.result)}"
            await next_turn_tells_the_context(gateway, bot, f"Край на разговор {number}.")
        assert lookup.arguments == [{"number": number}] * 2

    await asyncio.gather(*(converse(number) for number in range(10)))
