"""A conversation as a Pipecat bot has it: the real service, pipeline and context; only ears and voice are left out."""

import asyncio
import json
from dataclasses import dataclass, field

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMSetToolsFrame,
    MetricsFrame,
    TextFrame,
    TranscriptionFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData, TTFBMetricsData
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.turns.user_turn_strategies import ExternalUserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from gateway import KEY, until
from transcript import Call, Result

TURN_SECONDS = 60


def held(messages):
    """What the model is to be told of a context, as `transcript` tells it.

    Calls of one answer, which its ids name, are one message, though Pipecat keeps each in one of its own.
    """
    told = []
    answer = None
    for message in messages:
        calls = message.get("tool_calls", [])
        said = [] if message.get("content") is None else [message["content"]]
        match message["role"]:
            case "assistant" if calls != [] and answer == _answer_of(calls[0]["id"]):
                told[-2][1].extend(map(_call, calls))
            case "assistant":
                told.append(("assistant", [*said, *map(_call, calls)]))
            case "tool":
                _user(told, Result(message["content"], message["tool_call_id"]))
            case "developer" | "system":
                _user(told, f"<system>\n{message['content']}\n</system>")
            case "user":
                _user(told, message["content"])
        answer = _answer_of(calls[0]["id"]) if calls != [] else answer if message["role"] == "tool" else None
    return told


def _user(told, block):
    if told and told[-1][0] == "user":
        told[-1][1].append(block)
    else:
        told.append(("user", [block]))


def _call(call):
    return Call(call["function"]["name"], json.loads(call["function"]["arguments"]), call["id"])


def _answer_of(id):
    return id.rpartition("_")[0]


@dataclass
class Reply:
    """What came from the service between a start frame and the next one."""

    pieces: list[str] = field(default_factory=list)
    metrics: list = field(default_factory=list)
    ends: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def text(self):
        return "".join(self.pieces)

    @property
    def ttfb(self):
        return next(metric.value for metric in self.metrics if isinstance(metric, TTFBMetricsData))

    @property
    def usage(self):
        return next(metric.value for metric in self.metrics if isinstance(metric, LLMUsageMetricsData))

    async def end(self):
        """Waits until the turn is over, by itself or by an interruption, and what was said is in the context."""
        await asyncio.wait_for(self.stopped.wait(), TURN_SECONDS)

    async def begun(self, pieces=1):
        async def enough():
            return len(self.pieces) >= pieces

        await until(enough, f"{pieces} pieces of the reply", TURN_SECONDS)


class Voice(FrameProcessor):
    """Stands where speech is made, and keeps what would be spoken."""

    def __init__(self):
        super().__init__()
        self.replies: list[Reply] = []
        self.started: asyncio.Queue[Reply] = asyncio.Queue()

    async def process_frame(self, frame: Frame, direction: FrameDirection):
        await super().process_frame(frame, direction)
        match frame:
            case LLMFullResponseStartFrame():
                self.replies.append(Reply())
                self.started.put_nowait(self.replies[-1])
            case TextFrame():
                self.replies[-1].pieces.append(frame.text)
            case LLMFullResponseEndFrame():
                self.replies[-1].ends += 1
            case MetricsFrame() if self.replies:
                self.replies[-1].metrics.extend(frame.data)
        await self.push_frame(frame, direction)


class Conversation:
    """Runs its pipeline inside `async with`. An error that the test does not take with `error` fails it at the end."""

    def __init__(self, gateway, *, messages=(), functions=(), key=KEY, service=None, llm=None, **settings):
        self.llm = llm or OpenAILLMService(
            api_key=key,
            base_url=f"{gateway.url}/v1",
            settings=OpenAILLMService.Settings(**settings),
            **(service or {}),
        )
        self.context = LLMContext(list(messages), tools=list(functions))
        self._voice = Voice()
        self._errors: asyncio.Queue[ErrorFrame] = asyncio.Queue()
        aggregators = LLMContextAggregatorPair(
            self.context, user_params=LLMUserAggregatorParams(user_turn_strategies=ExternalUserTurnStrategies())
        )
        self._worker = PipelineWorker(
            Pipeline([aggregators.user(), self.llm, self._voice, aggregators.assistant()]),
            params=PipelineParams(enable_metrics=True, enable_usage_metrics=True, send_initial_empty_metrics=False),
            cancel_on_idle_timeout=False,
            enable_rtvi=False,
        )
        self._ready = asyncio.Event()

        @self._worker.event_handler("on_pipeline_started")
        async def on_pipeline_started(_worker, _frame):
            self._ready.set()

        @self._worker.event_handler("on_pipeline_error")
        async def on_pipeline_error(_worker, frame):
            self._errors.put_nowait(frame)

        @aggregators.assistant().event_handler("on_assistant_turn_stopped")
        async def on_assistant_turn_stopped(_aggregator, _turn):
            next(reply for reply in self._voice.replies if not reply.stopped.is_set()).stopped.set()

    async def __aenter__(self):
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self._worker)
        self._running = asyncio.create_task(runner.run())
        await asyncio.wait_for(self._ready.wait(), TURN_SECONDS)
        return self

    async def __aexit__(self, failure, *_):
        await self._worker.cancel()
        await asyncio.wait_for(self._running, TURN_SECONDS)
        if failure is None:
            assert self._errors.empty(), self._errors.get_nowait().error

    async def begin(self, text):
        """Says something; returns when the reply has a start frame."""
        await self._worker.queue_frame(LLMMessagesAppendFrame([{"role": "user", "content": text}], run_llm=True))
        return await self.reply()

    async def reply(self):
        """The next reply, when it has a start frame: after a function's result nobody needs to say anything."""
        return await asyncio.wait_for(self._voice.started.get(), TURN_SECONDS)

    async def answer(self):
        """The next reply, whole."""
        reply = await self.reply()
        await reply.end()
        return reply

    async def say(self, text):
        """One whole turn; where a function is called, up to its call."""
        reply = await self.begin(text)
        await reply.end()
        return reply

    async def offer(self, functions):
        """Offers these functions and no other from the next turn on."""
        await self._worker.queue_frame(LLMSetToolsFrame(tools=list(functions)))

    async def interrupt(self):
        """The user begins to speak; what follows is said after that."""
        await self._worker.queue_frame(InterruptionFrame())

    async def start_speaking(self):
        """The user begins a turn by voice."""
        await self._worker.queue_frame(UserStartedSpeakingFrame())

    async def stop_speaking(self, text):
        """The user ends it, having said this; the reply comes by itself."""
        await self._worker.queue_frame(TranscriptionFrame(text, "user", time_now_iso8601()))
        await self._worker.queue_frame(UserStoppedSpeakingFrame())

    async def error(self):
        """The next error that reaches the application."""
        return await asyncio.wait_for(self._errors.get(), TURN_SECONDS)
