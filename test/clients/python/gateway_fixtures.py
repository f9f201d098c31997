import os

# Before Pipecat is imported: its log, and no proxy for what never leaves this machine.
os.environ.setdefault("LOGURU_LEVEL", "WARNING")
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"

import pytest  # noqa: E402

from gateway import LOG_LINES, Gateway, serving, until  # noqa: E402

_gateway = pytest.StashKey[Gateway]()
_figures = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def gateway(request):
    """One gateway for all tests. It holds the headers for long, so a slow machine reports an early failure as a status too."""
    with serving(VIVAVOCE_HEADER_HOLD_MS="4000") as gateway:
        request.config.stash[_gateway] = gateway
        yield gateway


@pytest.fixture(autouse=True)
async def nothing_left_behind(gateway):
    """Every test ends with no run of the CLI under way."""
    yield
    await until(gateway.is_idle, "no run is under way")


@pytest.fixture
def figure(request):
    """Takes a measured figure, printed at the end of the run."""
    figures = request.config.stash.setdefault(_figures, [])
    return figures.append


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    gateway = item.config.stash.get(_gateway, None)
    if report.failed and gateway is not None:
        report.sections.append(("Log of the gateway", "\n".join(gateway.log[-LOG_LINES:])))


def pytest_terminal_summary(terminalreporter, config):
    for text in config.stash.get(_figures, []):
        terminalreporter.write_line(text)
