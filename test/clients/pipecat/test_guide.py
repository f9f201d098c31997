"""The guide for Pipecat: its commands and code run as they stand, but for the port."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from conversation import Conversation
from gateway import KEY, ROOT

GUIDE = (ROOT / "docs" / "guides" / "pipecat.md").read_text()
ADDRESS = "http://127.0.0.1:8765"
FREE_PORT = {"VIVAVOCE_PORT": "0", "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.S | re.M)


@contextmanager
def started(command):
    """Runs a command that starts a gateway, on a free port, and gives the gateway's address."""
    process = subprocess.Popen(
        ["sh", "-c", command],
        cwd=ROOT,
        env={**os.environ, **FREE_PORT},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield next(json.loads(line)["listening"] for line in process.stdout if line.startswith('{"listening"'))
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        # It ends when all that the command started have ended.
        process.communicate()


def test_the_agent_streams_from_the_gateway_that_the_guide_starts(tmp_path):
    """[ER30] [ST1] In the guide's order: the gateway, the agent, the output; then a model that is overloaded."""
    start, _install, run = blocks("sh")
    agent = blocks("python")[0]
    with started(start) as url:
        assert ADDRESS in agent
        (tmp_path / "agent.py").write_text(agent.replace(ADDRESS, url))

        def said(question):
            command = run.replace("Hello!", question)
            answer = subprocess.run(
                ["sh", "-c", command], cwd=tmp_path, env={**os.environ, **FREE_PORT}, stdout=subprocess.PIPE, text=True
            )
            assert answer.returncode == 0
            return answer.stdout

        assert said("Hello!") == blocks("text")[0].rstrip("\n")
        assert said("Hello! [rehearse status=529]").endswith("The model API is overloaded.\n")


def test_the_guide_installs_the_version_that_is_tested():
    install = blocks("sh")[1]
    requirement = re.search(r'pip install "(.+)"', install)[1]
    assert requirement in (ROOT / "test/clients/python/requirements.in").read_text().splitlines()


async def test_the_function_of_the_guide_is_called(gateway):
    """[R19] [R47] With its argument, and the result comes back."""
    scope = {}
    exec(blocks("python")[1], scope)
    assert scope["context"].tools is not None
    async with Conversation(gateway, functions=[scope["get_weather"]]) as bot:
        await bot.say('How is it there? [rehearse call=get_weather input={"city":"Varna"}]')
        answer = await bot.answer()
    assert "Varna" in answer.text and "rain" in answer.text


async def test_the_retry_of_the_guide_replaces_a_request_that_hangs(gateway, monkeypatch):
    """[ST2] [R68] On a gateway that holds the headers as long as the guide says, which that of the tests does."""
    assert "`VIVAVOCE_HEADER_HOLD_MS=4000`" in GUIDE
    monkeypatch.setenv("API_BEARER_TOKEN", KEY)
    scope = {}
    exec(blocks("python")[2].replace(ADDRESS, gateway.url), scope)
    async with Conversation(gateway, llm=scope["llm"]) as bot:
        reply = await bot.say("[rehearse hang=1 fail-times=1]say exactly: По-късно.")
    assert reply.text == "По-късно."
    assert [request["state"] for request in await gateway.requests("По-късно.")] == ["closed-early", "finished"]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\b(?:VIVAVOCE|MAX|API)_[A-Z_]+", GUIDE))))
def test_a_setting_that_the_guide_names_exists(name):
    """[CF3]"""
    assert f"`{name}`" in (ROOT / "docs/reference/config.md").read_text()
