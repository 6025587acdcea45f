"""The OpenAI-compatible adapter against a real local server that speaks the protocol."""

from collections.abc import Iterator

import pytest

from agents.llm.base import ChatMessage, ChatRequest, LLMError, ToolSpec
from agents.llm.openai_compatible import OpenAICompatible
from agents.llm.resilient import RetryPolicy, ask, stopwatch
from tests.fakes.llm import FakeLLM, Reply, out_of_funds, rate_limited, unsupported

QUICK = RetryPolicy(attempts=3, wait_initial=0.001, wait_max=0.002)
SEARCH = ToolSpec("rag_search", "Busca", {"type": "object", "properties": {"query": {"type": "string"}}})


@pytest.fixture
def fake() -> Iterator[FakeLLM]:
    with FakeLLM(key="sk-test") as server:
        yield server


def adapter(fake: FakeLLM, key: str = "sk-test") -> OpenAICompatible:
    return OpenAICompatible(base_url=fake.base_url, api_key=key, name="openai")


def asking(text: str = "hola", model: str = "gpt-4o-mini", **over) -> ChatRequest:
    messages = (ChatMessage("system", "Sos Sol."), ChatMessage("user", text))
    return ChatRequest(model=model, messages=messages, temperature=0.7, **over)


def test_a_text_answer_carries_text_usage_and_model(fake):
    details = {"prompt_tokens": 90, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 64}}
    fake.say("¡Hola!", usage=details)
    result = adapter(fake).complete(asking())
    assert (result.text, result.model) == ("¡Hola!", "gpt-4o-mini")
    assert (result.usage.prompt, result.usage.completion, result.usage.cached) == (90, 7, 64)
    assert fake.requests[0]["messages"][1] == {"role": "user", "content": "hola"}
    assert fake.requests[0]["temperature"] == 0.7


def test_reasoning_models_get_no_temperature_and_room_to_think(fake):
    adapter(fake).complete(asking(model="gpt-5-mini", max_tokens=200))
    sent = fake.requests[0]
    assert "temperature" not in sent
    assert "max_tokens" not in sent
    assert sent["max_completion_tokens"] >= 4000


def test_a_refused_parameter_is_left_out_and_remembered(fake):
    fake.refuses = {"temperature", "max_tokens"}
    port = adapter(fake)
    assert port.complete(asking(model="own-model-1")).text
    assert port.complete(asking(model="own-model-1")).text
    assert len(fake.requests) == 4, "two lessons in the first call, none in the second"
    assert "max_completion_tokens" in fake.requests[-1]


def test_a_parameter_refused_for_ever_ends_in_an_error(fake):
    fake.then(*[unsupported("top_k") for _ in range(3)])
    with pytest.raises(LLMError) as caught:
        adapter(fake).complete(asking(model="own-model-2"))
    assert caught.value.kind == "permanent"


def test_several_tool_calls_come_back_in_order_and_the_raw_message_returns_unchanged(fake):
    fake.checks_signatures = True
    calls = [("rag_search", {"query": "precio"}), ("rag_search", {"query": "envío"})]
    fake.then(Reply(tool_calls=calls, signature="sig", finish_reason="stop"))
    port = adapter(fake)
    first = port.complete(asking(model="gemini-3-flash-preview", tools=(SEARCH,)))
    assert [call.arguments_text for call in first.tool_calls] == ['{"query": "precio"}', '{"query": "env\\u00edo"}']
    answers = tuple(ChatMessage("tool", "{}", tool_call_id=call.id) for call in first.tool_calls)
    again = ChatRequest(
        model="gemini-3-flash-preview",
        messages=(*asking().messages, ChatMessage("assistant", raw=first.raw_assistant), *answers),
        tools=(SEARCH,),
    )
    assert port.complete(again).text
    sent = fake.requests[1]["messages"][2]
    assert sent["tool_calls"][1]["extra_content"]["google"]["thought_signature"] == "sig-1-1"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (rate_limited(), "retry"),
        (out_of_funds(), "auth"),
        (Reply(status=500, error={"message": "x"}), "retry"),
        (Reply(status=503, body="<html>busy</html>", headers={"Content-Type": "text/html"}), "retry"),
        (Reply(status=404, error={"message": "x", "code": "model_not_found"}), "config"),
        (Reply(status=400, error={"message": "x", "code": "context_length_exceeded"}), "context"),
        (Reply(status=400, error={"message": "bad"}), "permanent"),
        (Reply(status=403, error={"message": "x"}), "auth"),
        (Reply(status=400, error_as_list=True, error={"code": 400, "message": "API key not valid"}), "auth"),
        (Reply(refusal="I cannot"), "refused"),
        (Reply(finish_reason="content_filter"), "refused"),
        (Reply(body="not json"), "retry"),
        (Reply(body='{"choices": []}'), "retry"),
        (Reply(body="null"), "retry"),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}, body=""), "permanent"),
    ],
)
def test_every_failure_has_its_kind(fake, reply, kind):
    fake.then(reply)
    with pytest.raises(LLMError) as caught:
        adapter(fake).complete(asking())
    assert caught.value.kind == kind
    assert "sk-test" not in str(caught.value)


def test_a_wrong_key_is_an_auth_error(fake):
    with pytest.raises(LLMError) as caught:
        adapter(fake, key="sk-other").complete(asking())
    assert (caught.value.kind, caught.value.status) == ("auth", 401)


@pytest.mark.parametrize("key", ["clave-ñandú", "line\nbreak", ""])
def test_a_malformed_key_is_an_error_of_the_port_not_a_crash(fake, key):
    with pytest.raises(LLMError):
        adapter(fake, key=key).complete(asking())


def test_a_slow_answer_is_a_timeout_and_a_closed_door_may_be_tried_again(fake):
    fake.say("tarde", delay=1.0)
    with pytest.raises(LLMError) as caught:
        adapter(fake).complete(asking(timeout=0.2))
    assert caught.value.kind == "timeout"
    with pytest.raises(LLMError) as caught:
        OpenAICompatible(base_url="http://127.0.0.1:9/v1", api_key="k", name="x").complete(asking())
    assert caught.value.kind == "retry"


@pytest.mark.parametrize(
    "body",
    [
        '{"choices":[{"message":{"content":[{"type":"text","text":"hola"}]}}]}',
        '{"choices":[{"message":{"content":"hola"},"finish_reason":null}],"usage":null}',
        '{"choices":[{"message":{"content":"hola","tool_calls":[]}}],"usage":{"prompt_tokens":"many"}}',
    ],
)
def test_odd_but_readable_answers_are_read(fake, body):
    fake.then(Reply(body=body))
    assert adapter(fake).complete(asking()).text == "hola"


def test_arguments_given_as_an_object_are_read_as_text(fake):
    call = '{"function":{"name":"rag_search","arguments":{"query":"x"}}}'
    fake.then(Reply(body=f'{{"choices":[{{"message":{{"content":null,"tool_calls":[{call}]}}}}]}}'))
    result = adapter(fake).complete(asking())
    assert result.tool_calls[0].arguments_text == '{"query": "x"}'
    assert result.raw_assistant["tool_calls"][0]["id"] == result.tool_calls[0].id != ""


def test_a_busy_model_is_asked_again_and_retry_after_is_honoured(fake):
    fake.then(rate_limited(0.3), Reply(status=502, error={}))
    fake.say("ahora sí")
    clock = stopwatch(30)
    answer = ask(adapter(fake), asking(), models=["gpt-4o"], seconds_left=clock, policy=QUICK)
    assert (answer.result.text, answer.calls) == ("ahora sí", 3)
    assert clock() < 29.72


def test_too_long_a_retry_after_goes_to_the_fallback_model(fake):
    fake.then(rate_limited(600))
    fake.say("soy el otro")
    answer = ask(adapter(fake), asking(), models=["gpt-4o", "gpt-4.1"], seconds_left=stopwatch(30), policy=QUICK)
    assert (answer.model, answer.calls) == ("gpt-4.1", 2)
    assert [request["model"] for request in fake.requests] == ["gpt-4o", "gpt-4.1"]


def test_a_dead_key_is_asked_once_only(fake):
    fake.then(out_of_funds())
    with pytest.raises(LLMError) as caught:
        ask(adapter(fake), asking(), models=["gpt-4o", "gpt-4.1"], seconds_left=stopwatch(30), policy=QUICK)
    assert (caught.value.kind, len(fake.requests)) == ("auth", 1)


def test_attempts_and_time_are_bounded(fake):
    fake.then(Reply(status=500, error={"message": "down"}, lasting=True))
    with pytest.raises(LLMError):
        ask(adapter(fake), asking(), models=["a", "b"], seconds_left=stopwatch(30), policy=QUICK)
    assert len(fake.requests) == 6
    with pytest.raises(LLMError, match="out of time"):
        ask(adapter(fake), asking(), models=["a"], seconds_left=stopwatch(1), policy=QUICK)
    assert len(fake.requests) == 6


def test_the_client_reads_no_proxy_and_no_account_of_the_environment(fake, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-platform")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-platform")
    fake.say("directo")
    assert adapter(fake).complete(asking()).text == "directo"
    assert not any("of-the-platform" in str(headers) for headers in fake.headers)
