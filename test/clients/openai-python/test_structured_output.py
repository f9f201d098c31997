"""Answers that openai-python parses into pydantic models. Rules (R…) are those of the contract for OpenAI clients."""

from datetime import date
from typing import Literal

import pytest
from openai import BadRequestError, LengthFinishReasonError, pydantic_function_tool
from pydantic import BaseModel, Field

HAIKU = "haiku"
TALKER = "conversational/haiku"
DOER = "recruiter-triage/haiku"


class Skill(BaseModel):
    name: str
    years: int = Field(ge=0, le=60)


class Candidate(BaseModel):
    """Един кандидат."""

    name: str = Field(description="Име и фамилия")
    level: Literal["junior", "senior"]
    born: date
    skills: list[Skill] = Field(min_length=2)
    mentor: "Candidate | None" = None


class Lookup(BaseModel):
    name: str


def user(content):
    return [{"role": "user", "content": content}]


def is_one(candidate, name):
    return isinstance(candidate, Candidate) and candidate.name == name and len(candidate.skills) >= 2


@pytest.mark.parametrize("model", [TALKER, DOER])
def test_parse_gives_the_model(client, model):
    """[CC11] [R6] Nested and recursive, with enumerations, limits and formats; of a talker's agent and a doer."""
    completion = client.chat.completions.parse(model=model, messages=user("Ада Ловлейс"), response_format=Candidate)
    [choice] = completion.choices
    assert is_one(choice.message.parsed, "Ада Ловлейс")
    assert Candidate.model_validate_json(choice.message.content) == choice.message.parsed
    assert (choice.finish_reason, choice.message.refusal) == ("stop", None)


def test_the_stream_helper_gives_what_is_there_and_then_the_model(client):
    """[CC11] [ST6] [R6] Growing while it comes, one JSON text in the end."""
    with client.chat.completions.stream(
        model=HAIKU, messages=user("Ада 👩‍💻 Ловлейс"), response_format=Candidate
    ) as stream:
        events = list(stream)
        [choice] = stream.get_final_completion().choices
    deltas = [event for event in events if event.type == "content.delta"]
    assert len(deltas) > 2
    assert "".join(event.delta for event in deltas) == choice.message.content
    assert any(isinstance(event.parsed, dict) and "name" in event.parsed for event in deltas[:-1])
    [done] = [event for event in events if event.type == "content.done"]
    assert done.parsed == choice.message.parsed
    assert is_one(choice.message.parsed, "Ада 👩‍💻 Ловлейс")


async def test_the_async_helper_does_the_same(async_client):
    """[CC11] [R6] Streamed and not."""
    asked = {"model": HAIKU, "messages": user("Грейс Хопър"), "response_format": Candidate}
    async with async_client.chat.completions.stream(**asked) as stream:
        streamed = (await stream.get_final_completion()).choices[0].message.parsed
    whole = (await async_client.chat.completions.parse(**asked)).choices[0].message.parsed
    assert is_one(streamed, "Грейс Хопър")
    assert streamed == whole


@pytest.mark.parametrize("model", [TALKER, DOER])
@pytest.mark.parametrize("stream", [True, False])
def test_a_limit_within_the_json_is_told_as_such(client, model, stream):
    """[CC8] [CC11] [R33] As OpenAI's client does: `LengthFinishReasonError` with what there is."""
    asked = {"model": model, "messages": user("Ада Ловлейс"), "response_format": Candidate, "max_tokens": 3}
    with pytest.raises(LengthFinishReasonError) as cut:
        if stream:
            with client.chat.completions.stream(**asked) as events:
                events.get_final_completion()
        else:
            client.chat.completions.parse(**asked)
    [choice] = cut.value.completion.choices
    assert choice.finish_reason == "length"
    assert cut.value.completion.usage is None or cut.value.completion.usage.completion_tokens > 0


@pytest.mark.parametrize("stream", [True, False])
def test_with_functions_it_is_either_a_call_or_the_model(client, stream):
    """[FN11] [R6] The call first, then, told what came of it, the answer to the schema."""
    tools = [pydantic_function_tool(Lookup, name="lookup")]

    def answer(messages):
        asked = {"model": HAIKU, "messages": messages, "response_format": Candidate, "tools": tools}
        if not stream:
            return client.chat.completions.parse(**asked).choices[0]
        with client.chat.completions.stream(**asked) as events:
            return events.get_final_completion().choices[0]

    messages = user('Ада [rehearse call=lookup input={"name":"Ада"}]')
    choice = answer(messages)
    assert (choice.finish_reason, choice.message.parsed) == ("tool_calls", None)
    [call] = choice.message.tool_calls
    assert call.function.parsed_arguments == Lookup(name="Ада")
    made = {"id": call.id, "type": "function", "function": {"name": "lookup", "arguments": call.function.arguments}}
    messages += [
        {"role": "assistant", "tool_calls": [made]},
        {"role": "tool", "tool_call_id": call.id, "content": "found"},
    ]
    choice = answer(messages)
    assert choice.finish_reason == "stop"
    assert isinstance(choice.message.parsed, Candidate)
    assert choice.message.tool_calls in (None, [])


def test_a_json_object_is_one_json_text(client):
    """[CC11] [R6] Without a schema."""
    completion = client.chat.completions.create(
        model=HAIKU, messages=user("an object"), response_format={"type": "json_object"}
    )
    assert completion.choices[0].message.content.startswith("{")


def test_a_schema_that_nothing_satisfies_names_its_place(client):
    """[CC18] [R6] A 400 with `param`."""
    schema = {"type": "object", "properties": {"age": {"type": "nothing"}}}
    with pytest.raises(BadRequestError) as refused:
        client.chat.completions.create(
            model=HAIKU,
            messages=user("x"),
            response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
        )
    assert refused.value.param.startswith("response_format.json_schema.schema")
