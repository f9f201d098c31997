"""The Python examples of the README run as they stand, but for the address and the key."""

import re
from pathlib import Path

from gateway import KEY

README = Path(__file__).parents[3] / "README.md"


def example(heading: str, base_url: str, key: str) -> str:
    block = re.search(rf"### {heading}\n+```python\n(.*?)```", README.read_text(), re.S)
    assert block, f"the README has no example under {heading}"
    return block[1].replace("http://127.0.0.1:8765", base_url).replace('"KEY"', repr(key))


def test_openai_python(gateway, capsys):
    exec(example("From openai-python", gateway.url, KEY), {})
    assert capsys.readouterr().out == "Това е репетиция. Казахте: Здравей!"


def test_pipecat(gateway):
    scope = {}
    exec(example("From Pipecat", gateway.url, KEY), scope)
    assert scope["llm"]._settings.model == "sonnet"
