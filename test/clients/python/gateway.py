"""The gateway as a subprocess, with a rehearsal of the model API behind the real Claude Code CLI."""

import asyncio
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[3]
ORACLE = ROOT / "test" / "oracle" / "install.ts"
KEY = "key-of-the-python-tests"
START_SECONDS = 60
STOP_SECONDS = 10
LOG_LINES = 40
CLOSED_MS = 2000
"""How late the model's request may be closed after its caller left. An idle machine takes a hundredth of it."""


async def until(condition, what, seconds=10.0):
    """The first true value of `condition` (a coroutine function), asked again and again until the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := await condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.02)
    return value


def told(request):
    """All the text of one request to the model, messages only, in order."""
    contents = [message["content"] for message in request["body"]["messages"]]
    blocks = [[{"text": content}] if isinstance(content, str) else content for content in contents]
    return "\n".join(block.get("text", "") for content in blocks for block in content)


class Gateway:
    """Serves from construction to `stop`. `url` is the gateway's, `rehearsal` the stand-in's for the model API.

    `settings` are those of the gateway that a test needs to be different.
    """

    def __init__(self, **settings):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VIVAVOCE_")}
        self.log = []
        self._verdicts = tempfile.TemporaryDirectory(prefix="oracle-")
        self._violations = Path(self._verdicts.name, "violations")
        self._said = queue.Queue()
        self._process = subprocess.Popen(
            ["node", "src/cli/bin.ts", "serve", "--rehearsal"],
            cwd=ROOT,
            env={
                **inherited,
                "PATH": os.pathsep.join([str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]]),
                "VIVAVOCE_PORT": "0",
                "VIVAVOCE_LOG_LEVEL": "debug",
                "API_BEARER_TOKEN": KEY,
                # Every reply is judged where it leaves: test/oracle/README.md.
                "NODE_OPTIONS": f"{inherited.get('NODE_OPTIONS', '')} --import={ORACLE.as_uri()}",
                "ORACLE_FILE": str(self._violations),
                **settings,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, self._said.put), daemon=True),
            threading.Thread(target=self._read, args=(self._process.stderr, self.log.append), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        try:
            addresses = self._addresses()
        except Exception:
            self._process.kill()
            raise
        self.url = addresses["listening"]
        self.rehearsal = addresses["rehearsal"]

    @staticmethod
    def _read(stream, take):
        for line in stream:
            take(line.rstrip("\n"))
        take("")

    def _addresses(self):
        addresses = {}
        deadline = time.monotonic() + START_SECONDS
        while not {"listening", "rehearsal"} <= addresses.keys():
            try:
                line = self._said.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = ""
            if line == "":
                self._readers[1].join(1)
                raise RuntimeError("the gateway did not start:\n" + "\n".join(self.log[-20:]))
            addresses.update(json.loads(line))
        return addresses

    def stop(self):
        """Asks the gateway to end and returns its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        finally:
            self._process.kill()
            for reader in self._readers:
                reader.join(5)

    def violations(self):
        """What was wrong with the replies so far, by OpenAI's schema. Fails when they were not judged."""
        return self._violations.read_text().splitlines()

    async def events(self, type):
        """The observations of one type in the gateway's log, with all that happened before this."""
        marker = (await self._request(f"{self.url}/health")).headers["x-request-id"]

        async def logged():
            lines = [json.loads(line) for line in self.log if line.startswith("{")]
            return lines if any(line.get("requestId") == marker for line in lines) else None

        lines = await until(logged, "the log is up to date")
        return [line for line in lines if line.get("msg") == type]

    async def health(self):
        return await self._get(f"{self.url}/health")

    async def is_idle(self):
        health = await self.health()
        return health["active"] == 0 and health["queued"] == 0

    async def requests(self, words=""):
        """The requests that reached the model with these words in a message, oldest first."""
        log = await self._get(f"{self.rehearsal}/rehearsal/requests")
        return [request for request in log["requests"] if words in told(request)]

    async def request(self, words, state, nth=0):
        """The first request (or the `nth`, from 0) with these words, once it is in that state."""

        async def there():
            found = await self.requests(words)
            return found[nth] if len(found) > nth and found[nth]["state"] == state else None

        return await until(there, f"the request with {words!r} is {state}")

    async def _get(self, url):
        return (await self._request(url)).json()

    @staticmethod
    async def _request(url):
        async with httpx.AsyncClient(trust_env=False) as client:
            response = await client.get(url, headers={"authorization": f"Bearer {KEY}"})
            response.raise_for_status()
            return response


@contextmanager
def serving(**settings):
    """A gateway that must end by itself when it is asked to, and all of whose replies must be OpenAI's."""
    gateway = Gateway(**settings)
    try:
        yield gateway
    finally:
        code = gateway.stop()
    assert code == 0, "\n".join(gateway.log[-LOG_LINES:])
    assert gateway.violations() == []
