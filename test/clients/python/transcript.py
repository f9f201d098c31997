"""What a request tells the model, in a form that tests can write down."""

from dataclasses import dataclass

SERVER_PREFIX = "mcp__"
"""The CLI puts this and the name of a server before the names of functions."""


@dataclass(frozen=True)
class Call:
    name: str
    input: dict
    id: str


@dataclass(frozen=True)
class Result:
    text: str
    id: str


def transcript(request):
    """The messages of one request as `(role, [text, Call, Result, …])`, without what the CLI says of its surroundings.

    Messages of a user in a row are one, which makes no difference to the model; those of an assistant stay apart.
    """
    told = []
    for message in request["body"]["messages"]:
        content = message["content"]
        blocks = [content] if isinstance(content, str) else [_block(block) for block in content]
        if message["role"] == "system" or blocks == []:
            continue
        if message["role"] == "user" and told and told[-1][0] == "user":
            told[-1][1].extend(blocks)
        else:
            told.append((message["role"], blocks))
    # The CLI ends a text that another block follows with a line break.
    return [(role, [*map(_unbroken, blocks[:-1]), *blocks[-1:]]) for role, blocks in told]


def functions(request):
    """The functions that the model was offered, by name."""
    return {_plain(tool["name"]): tool for tool in request["body"].get("tools", [])}


def _block(block):
    match block["type"]:
        case "text":
            return block["text"]
        case "tool_use":
            return Call(_plain(block["name"]), block["input"], block["id"])
        case "tool_result":
            content = block["content"]
            texts = [content] if isinstance(content, str) else [part["text"] for part in content]
            return Result("".join(texts), block["tool_use_id"])
        case _:
            return block


def _plain(name):
    return name.split("__", 2)[2] if name.startswith(SERVER_PREFIX) else name


def _unbroken(block):
    return block.removesuffix("\n") if isinstance(block, str) else block
