"""Functions, by openai-python. Rules (R…) are those of the contract for OpenAI clients."""

import asyncio
import json
from enum import StrEnum

import pytest
from openai import APIError, LengthFinishReasonError, pydantic_function_tool
from openai.types.chat import ChatCompletionMessage
from pydantic import BaseModel, Field

from gateway import CLOSED_MS
from transcript import Call, Result, functions, transcript

HAIKU = "haiku"


class Unit(StrEnum):
    CELSIUS = "celsius"
    KELVIN = "kelvin"


class GetWeather(BaseModel):
    """Времето в един град."""

    city: str = Field(description="Името на града")
    unit: Unit | None


class GetTime(BaseModel):
    zone: str


class ListAll(BaseModel):
    """Needs nothing."""


TOOLS = [
    pydantic_function_tool(GetWeather, name="get_weather"),
    pydantic_function_tool(GetTime, name="get_time", description="The time of day"),
    pydantic_function_tool(ListAll, name="list_all"),
]
CITY = {"city": "Велико Търново 🏰", "unit": "celsius"}
TWO = f'[rehearse call=get_weather input={json.dumps(CITY, ensure_ascii=False)} call=get_time input={{"zone":"Sofia"}}]'


def user(content):
    return [{"role": "user", "content": content}]


def results_of(message, results):
    """The messages with which a client goes on: what was called, and a result for each call."""
    calls = [message.to_dict(), *({"role": "tool", "tool_call_id": call.id} for call in message.tool_calls)]
    return [calls[0], *({**call, "content": result} for call, result in zip(calls[1:], results, strict=True))]


async def test_a_strict_function_made_of_a_model_is_offered_as_it_is(gateway, async_client):
    """[FN1] [R49] Name, description and every word of the schema, with references, titles and descriptions."""
    completion = await async_client.chat.completions.create(
        model=HAIKU, messages=user("Offered as they are?"), tools=TOOLS
    )
    assert completion.choices[0].message.tool_calls is None
    [request] = await gateway.requests("Offered as they are?")
    offered = functions(request)
    assert set(offered) == {"get_weather", "get_time", "list_all"}
    for tool in TOOLS:
        declared = tool["function"]
        one = offered[declared["name"]]
        assert one["input_schema"] == declared["parameters"]
        assert one["description"] == (declared.get("description") or "")


async def test_calls_are_parsed_into_models_not_streamed(async_client):
    """[FN2] [R44] [R54] `parse` gives each call's arguments as the model it was made of; content is null."""
    completion = await async_client.chat.completions.parse(
        model=HAIKU, messages=user(f"Какво е времето? {TWO}"), tools=TOOLS
    )
    [choice] = completion.choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    weather, time = choice.message.tool_calls
    assert weather.function.parsed_arguments == GetWeather(**CITY)
    assert time.function.parsed_arguments == GetTime(zone="Sofia")
    assert (weather.type, time.type) == ("function", "function")
    assert weather.id != time.id


async def test_the_stream_helper_tells_of_calls_as_they_come(async_client):
    """[FN2] [FN10] [R30] [R32] [R36] [R42] [R43] [R44] [R45] Deltas add up; the text before them is not theirs."""
    async with async_client.chat.completions.stream(
        model=HAIKU, messages=user(f"Какво е времето? {TWO}[rehearse call=list_all]"), tools=TOOLS
    ) as stream:
        events = [event async for event in stream]
        completion = await stream.get_final_completion()
    deltas = [event for event in events if event.type == "tool_calls.function.arguments.delta"]
    done = [event for event in events if event.type == "tool_calls.function.arguments.done"]
    assert [(event.index, event.name) for event in done] == [(0, "get_weather"), (1, "get_time"), (2, "list_all")]
    assert [event.parsed_arguments for event in done] == [GetWeather(**CITY), GetTime(zone="Sofia"), ListAll()]
    for event in done:
        assert "".join(one.arguments_delta for one in deltas if one.index == event.index) == event.arguments
    assert len([one for one in deltas if one.index == 0]) > 2
    assert [one.index for one in deltas] == sorted(one.index for one in deltas)
    assert done[2].arguments == "{}"
    chunks = [event.chunk for event in events if event.type == "chunk" and event.chunk.choices]
    pieces = [chunk.choices[0].delta.tool_calls for chunk in chunks if chunk.choices[0].delta.tool_calls]
    assert {len(piece) for piece in pieces} == {1}
    assert [choice.delta.role for chunk in chunks for choice in chunk.choices].count("assistant") == 1
    [choice] = completion.choices
    assert (choice.finish_reason, choice.message.role) == ("tool_calls", "assistant")
    assert [call.function.parsed_arguments for call in choice.message.tool_calls] == [
        event.parsed_arguments for event in done
    ]


@pytest.mark.parametrize("stream", [True, False])
async def test_parallel_calls_go_and_their_results_come_back(gateway, async_client, stream):
    """[FN3] [FN4] [FN5] [R47] One answer of the model with both calls, then both results, by their ids."""
    asked = f"Времето и часът? stream {stream} {TWO}"
    messages = user(asked)

    async def answer():
        if not stream:
            completion = await async_client.chat.completions.create(model=HAIKU, messages=messages, tools=TOOLS)
            return completion.choices[0].message
        async with async_client.chat.completions.stream(model=HAIKU, messages=messages, tools=TOOLS) as events:
            said = (await events.get_final_completion()).choices[0].message
        # As it comes, but for what the helper parsed.
        return ChatCompletionMessage.model_validate(said.to_dict())

    calling = await answer()
    weather, time = calling.tool_calls
    rain, clock = json.dumps({"дъжд": True}, ensure_ascii=False), "12:30\n☀"
    messages += results_of(calling, [rain, clock])
    told = await answer()
    assert told.content == f"Инструментът отговори: {rain} | {clock}"
    messages += [told.to_dict(), *user("say exactly: А утре?")]
    assert (await answer()).content == "А утре?"
    *_, request = await gateway.requests(asked)
    assert transcript(request) == [
        ("user", [asked]),
        ("assistant", [Call("get_weather", CITY, weather.id), Call("get_time", {"zone": "Sofia"}, time.id)]),
        ("user", [Result(rain, weather.id), Result(clock, time.id)]),
        ("assistant", [told.content]),
        ("user", ["say exactly: А утре?"]),
    ]


async def test_a_chain_of_calls(gateway, async_client):
    """[FN3] [FN4] One call after the other, each told with what came of those before it, then the answer."""
    asked = 'Търси. [rehearse call=list_all then-call=get_time input={"zone":"Sofia"}]'
    messages = user(asked)
    for result in ["[]", "12:30"]:
        completion = await async_client.chat.completions.parse(model=HAIKU, messages=messages, tools=TOOLS)
        [call] = completion.choices[0].message.tool_calls
        messages += results_of(completion.choices[0].message, [result])
    assert call.function.parsed_arguments == GetTime(zone="Sofia")
    completion = await async_client.chat.completions.create(model=HAIKU, messages=messages, tools=TOOLS)
    assert completion.choices[0].message.content == "The tool answered: 12:30"
    *_, last = await gateway.requests(asked)
    assert [role for role, _ in transcript(last)] == ["user", "assistant", "user", "assistant", "user"]


async def test_a_history_that_another_provider_made(gateway, async_client):
    """[FN4] [FN5] [CC5] [R15] [R19] [R22] Its ids, parts for content, text beside calls, results out of order."""
    asked = "A history of another provider?"
    ids = ["call_9pTzXyz", "toolu_01A", "call_9pTzXyz"]

    def call(id, name, arguments):
        return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}

    def result(id, text):
        return {"role": "tool", "tool_call_id": id, "content": [{"type": "text", "text": text}]}

    messages = [
        *user([{"type": "text", "text": "Първо."}]),
        {
            "role": "assistant",
            "content": "Момент.",
            "tool_calls": [call(ids[0], "get_time", '{ "zone" : "Sofia" }'), call(ids[1], "list_all", "{}")],
        },
        result(ids[1], "[]"),
        result(ids[0], "12:30"),
        {"role": "assistant", "content": "", "tool_calls": [call(ids[2], "get_time", '{"zone":"Vidin"}')]},
        result(ids[2], "12:31"),
        *user(asked),
    ]
    completion = await async_client.chat.completions.create(model=HAIKU, messages=messages, tools=TOOLS)
    assert completion.choices[0].message.content == f"This is a rehearsal. You said: {asked}"
    [request] = await gateway.requests(asked)
    *told, last = transcript(request)
    again = told[3][1][0].id
    assert again not in ids, "an id that is used again stays ambiguous"
    assert told == [
        ("user", ["Първо."]),
        ("assistant", ["Момент.", Call("get_time", {"zone": "Sofia"}, ids[0]), Call("list_all", {}, ids[1])]),
        ("user", [Result("12:30", ids[0]), Result("[]", ids[1])]),
        ("assistant", [Call("get_time", {"zone": "Vidin"}, again)]),
    ]
    assert last == ("user", [Result("12:31", again), asked])


async def test_usage_comes_after_calls_too(async_client):
    """[ST8] [FN2] [R34] Once, last, and only where it was asked for."""
    asked = {"model": HAIKU, "messages": user(f"Usage? {TWO}"), "tools": TOOLS, "stream": True}
    plain = [chunk async for chunk in await async_client.chat.completions.create(**asked)]
    assert [chunk.usage for chunk in plain] == [None] * len(plain)
    stream = await async_client.chat.completions.create(**asked, stream_options={"include_usage": True})
    *chunks, usage = [chunk async for chunk in stream]
    assert (chunks[-1].choices[0].finish_reason, usage.choices) == ("tool_calls", [])
    assert usage.usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks)


async def called(client, stream=False, **asked):
    """The names that the model called, and what it said."""
    if stream:
        async with client.chat.completions.stream(model=HAIKU, tools=TOOLS, **asked) as events:
            completion = await events.get_final_completion()
    else:
        completion = await client.chat.completions.create(model=HAIKU, tools=TOOLS, **asked)
    message = completion.choices[0].message
    return [call.function.name for call in message.tool_calls or []], message.content


@pytest.mark.parametrize("stream", [True, False])
async def test_tool_choice(async_client, stream):
    """[FN6] [R7] None, any of all or of some, a named one, and one at a time; each holds for its request alone."""
    named = {"type": "function", "function": {"name": "get_time"}}
    some = {"mode": "required", "tools": [{"type": "function", "function": {"name": "list_all"}}]}
    messages = user("hello")
    said = ([], "This is a rehearsal. You said: hello")

    async def choose(tool_choice):
        return await called(async_client, stream, messages=messages, tool_choice=tool_choice)

    assert len((await choose("required"))[0]) == 1
    assert await choose("none") == said
    assert await choose(named) == (["get_time"], None)
    assert await choose("auto") == said
    assert await choose({"type": "allowed_tools", "allowed_tools": some}) == (["list_all"], None)
    both = user(f"Both? {TWO}")
    assert (await called(async_client, stream, messages=both, parallel_tool_calls=False))[0] == ["get_weather"]
    assert (await called(async_client, stream, messages=both))[0] == ["get_weather", "get_time"]
    assert await called(async_client, stream, messages=messages) == said


async def test_another_list_of_functions_holds_at_once(gateway, async_client):
    """[FN7] Nothing is left of the one before, with calls in the history and without functions at all."""
    messages = user('Часът? [rehearse call=get_time input={"zone":"Sofia"}]')
    completion = await async_client.chat.completions.create(model=HAIKU, messages=messages, tools=TOOLS[1:2])
    messages += [*results_of(completion.choices[0].message, ["12:30"]), *user("Another list?")]
    await async_client.chat.completions.create(model=HAIKU, messages=messages, tools=TOOLS[:1])
    completion = await async_client.chat.completions.create(model=HAIKU, messages=messages)
    assert completion.choices[0].message.content == "This is a rehearsal. You said: Another list?"
    other, *_ = await gateway.requests("Another list?")
    assert set(functions(other)) == {"get_weather"}


async def test_ten_at_once_call_and_are_answered_by_their_own(async_client):
    """[FN3] [FN4] [R47] With other functions for each, streamed."""

    async def converse(number):
        model = type(f"Lookup{number}", (GetTime,), {})
        tools = [pydantic_function_tool(model, name=f"lookup_{number}")]
        messages = user(f'Find {number}. [rehearse call=lookup_{number} input={{"zone":"place {number}"}}]')
        async with async_client.chat.completions.stream(model=HAIKU, messages=messages, tools=tools) as stream:
            message = (await stream.get_final_completion()).choices[0].message
        [call] = message.tool_calls
        assert (call.function.name, call.function.parsed_arguments) == (
            f"lookup_{number}",
            model(zone=f"place {number}"),
        )
        messages += results_of(ChatCompletionMessage.model_validate(message.to_dict()), [f"found {number}"])
        async with async_client.chat.completions.stream(model=HAIKU, messages=messages, tools=tools) as stream:
            message = (await stream.get_final_completion()).choices[0].message
        assert message.content == f"The tool answered: found {number}"

    await asyncio.gather(*(converse(number) for number in range(10)))


async def test_leaving_while_arguments_come_closes_the_request_to_the_model(gateway, async_client, figure):
    """[CA1] [CA3] [R50] And the conversation goes on, with what was said last, as if nothing had been called."""
    city = json.dumps({"city": "Търново " * 40, "unit": None}, ensure_ascii=False)
    asked = f"Leaving amid arguments. [rehearse slow=300 call=get_weather input={city}]"
    async with async_client.chat.completions.stream(model=HAIKU, messages=user(asked), tools=TOOLS) as stream:
        async for event in stream:
            if event.type == "tool_calls.function.arguments.delta" and event.arguments_delta != "":
                break
    left_ms = asyncio.get_running_loop().time()
    request = await gateway.request("Leaving amid arguments.", "closed-early")
    closed_ms = (asyncio.get_running_loop().time() - left_ms) * 1000
    figure(f"left amid a call's arguments -> request to the model seen closed: {closed_ms:.0f} ms")
    assert closed_ms < CLOSED_MS
    assert 0 < request["piecesSent"] < 8
    names, _ = await called(async_client, messages=[*user(asked), *user("Now? [rehearse call=get_time]")])
    assert names == ["get_time"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_limit_within_arguments_is_told_as_such(async_client, stream):
    """[FN9] [R33] Parsing says that it was the limit, not that the arguments are broken."""
    asked = {"model": HAIKU, "messages": user(f"Какво е времето? {TWO}"), "tools": TOOLS, "max_tokens": 2}
    with pytest.raises(LengthFinishReasonError) as cut:
        if stream:
            async with async_client.chat.completions.stream(**asked) as events:
                await events.get_final_completion()
        else:
            await async_client.chat.completions.parse(**asked)
    [choice] = cut.value.completion.choices
    assert choice.finish_reason == "length"
    arguments = choice.message.tool_calls[0].function.arguments
    assert arguments != "" and json.dumps(CITY, ensure_ascii=False).startswith(arguments)


@pytest.mark.parametrize("mishap", ["drop=3", "error=3"])
async def test_a_failure_amid_arguments_is_an_error_and_no_call(async_client, mishap):
    """[ER3] [FN9] [R63] The stream helper throws; no half of a call is taken for done."""
    done = []
    with pytest.raises(APIError):
        async with async_client.chat.completions.stream(
            model=HAIKU, messages=user(f"Какво е времето? {TWO}[rehearse {mishap}]"), tools=TOOLS
        ) as stream:
            async for event in stream:
                done += [event] if event.type == "tool_calls.function.arguments.done" else []
    assert done == []
