"""A conversation as a Pipecat bot has it: the real service, pipeline and context; only ears and voice are left out."""

import asyncio
from dataclasses import dataclass, field

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    MetricsFrame,
    TextFrame,
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
from pipecat.workers.runner import WorkerRunner

from gateway import KEY, until

TURN_SECONDS = 60


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

    def __init__(self, gateway, *, messages=(), key=KEY, **settings):
        self.llm = OpenAILLMService(
            api_key=key, base_url=f"{gateway.url}/v1", settings=OpenAILLMService.Settings(**settings)
        )
        self.context = LLMContext(list(messages))
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
        return await asyncio.wait_for(self._voice.started.get(), TURN_SECONDS)

    async def say(self, text):
        """One whole turn."""
        reply = await self.begin(text)
        await reply.end()
        return reply

    async def interrupt(self):
        await self._worker.queue_frame(InterruptionFrame())

    async def error(self):
        """The next error that reaches the application."""
        return await asyncio.wait_for(self._errors.get(), TURN_SECONDS)
