import pytest
from openai import AsyncOpenAI, OpenAI

from gateway import KEY


@pytest.fixture
def client(gateway):
    with OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
async def async_client(gateway):
    async with AsyncOpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0) as client:
        yield client
