"""A fake OpenAI-compatible server: scripted answers, error cases, a journal of what was asked.

In a test: `with FakeLLM() as llm: llm.say("hola"); … llm.requests`. By hand:
`python -m tests.fakes.llm --port 9123`, then POST replies to `/_script` and read `/_journal`.
"""

import argparse
import base64
import hashlib
import json
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Self
from urllib.parse import unquote

DEFAULT_TEXT = "Hola, ¿en qué te puedo ayudar?"


@dataclass
class Reply:
    """One scripted answer. `tool_calls` are (name, arguments) pairs; arguments as dict, or as text to be invalid."""

    text: str = ""
    tool_calls: list[tuple[str, Any]] = field(default_factory=list)
    finish_reason: str = ""
    refusal: str | None = None
    status: int = 200
    error: dict[str, Any] | None = None
    error_as_list: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    usage: dict[str, Any] | None = field(default_factory=lambda: {"prompt_tokens": 100, "completion_tokens": 20})
    signature: str = ""
    body: str | None = None
    lasting: bool = False
    drip: float = 0.0  # seconds between two bytes of the answer's body
    breaks: bool = False  # the connection ends in the middle of the body

    def payload(self, request: dict[str, Any], number: int) -> dict[str, Any]:
        """The JSON body of this reply to the request with this number."""
        if self.error is not None:
            wrapped = {"error": self.error}
            return [wrapped] if self.error_as_list else wrapped  # type: ignore[return-value]  # Gemini's odd shape
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None, "refusal": self.refusal}
        if self.tool_calls:
            message["tool_calls"] = [self._call(pair, number, i) for i, pair in enumerate(self.tool_calls)]
        answer: dict[str, Any] = {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": 1,
            "model": request.get("model", ""),
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "finish_reason": self.finish_reason or ("tool_calls" if self.tool_calls else "stop"),
                }
            ],
        }
        if self.usage is not None:
            answer["usage"] = self.usage
        return answer

    def _call(self, pair: tuple[str, Any], number: int, index: int) -> dict[str, Any]:
        name, arguments = pair
        call: dict[str, Any] = {
            "id": f"call_{number}_{index}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": arguments if isinstance(arguments, str) else json.dumps(arguments),
            },
        }
        if self.signature:
            call["extra_content"] = {"google": {"thought_signature": f"{self.signature}-{number}-{index}"}}
        return call


def rate_limited(seconds: float | None = None) -> Reply:
    """429 that passes by itself."""
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return Reply(status=429, headers=headers, error={"message": "slow down", "code": "rate_limit_exceeded"})


def out_of_funds() -> Reply:
    """429 that does not pass by itself."""
    return Reply(status=429, error={"message": "You exceeded your quota", "code": "insufficient_quota"})


def unsupported(param: str, code: str = "unsupported_value") -> Reply:
    """400 of a reasoning model that was given a sampling value."""
    return Reply(status=400, error={"message": f"Unsupported: '{param}'", "code": code, "param": param})


class FakeLLM:
    """The server. `brain`, when set, answers whatever the script does not."""

    def __init__(self, *, port: int = 0, key: str = "") -> None:
        self.replies: deque[Reply] = deque()
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.brain: Callable[[dict[str, Any]], Reply] | None = None
        self.key = key
        self.refuses: set[str] = set()
        self.checks_signatures = False
        self.manners: Manners | None = None  # of one family of models, held to the letter
        self.calendar: dict[str, Any] = {"fake-model": None}  # model → its `shutdown_date`; others are unknown here
        self.transcript = "hola, quiero saber el precio"
        self.spoken_language = "spanish"
        self.spoken_seconds: float | None = 3.0
        self.heard: list[dict[str, str]] = []  # forms of transcriptions; of the file its name and size
        self.deaf: deque[Reply] = deque()  # answers instead of a transcript
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler_for(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def base_url(self) -> str:
        """Where a client points to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def say(self, text: str, **over: Any) -> None:
        """Queue a text answer."""
        self.replies.append(Reply(text=text, **over))

    def call(self, name: str, arguments: Any, **over: Any) -> None:
        """Queue an answer that asks for one tool."""
        self.replies.append(Reply(tool_calls=[(name, arguments)], **over))

    def then(self, *replies: Reply) -> None:
        """Queue replies as they are."""
        self.replies.extend(replies)

    def chat(self, request: dict[str, Any]) -> tuple[Reply, int]:
        """The reply to one chat request, and its number."""
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
            problem = self._problem(request)
            if problem:
                return problem, number
            if self.replies:
                reply = self.replies[0] if self.replies[0].lasting else self.replies.popleft()
                return reply, number
        return (self.brain(request) if self.brain else Reply(text=DEFAULT_TEXT)), number

    def transcribe(self, content_type: str, raw: bytes) -> Reply | dict[str, Any]:
        """As the real one: the kind of a file is told by its name, and only Whisper tells language and length."""
        form = _form(content_type, raw)
        self.heard.append(form)
        if self.deaf:
            return self.deaf.popleft()
        if form.get("file", "").rpartition(".")[2] not in _AUDIO:
            return Reply(status=400, error={"message": "Invalid file format.", "code": None})
        if form["model"] == "whisper-1" and form.get("response_format") == "verbose_json":
            return {"text": self.transcript, "language": self.spoken_language, "duration": self.spoken_seconds}
        if form.get("response_format", "json") != "json":
            return unsupported("response_format")
        told = self.spoken_seconds is not None
        return {"text": self.transcript} | (
            {"usage": {"type": "duration", "seconds": self.spoken_seconds}} if told else {}
        )

    def _problem(self, request: dict[str, Any]) -> Reply | None:
        if self.manners is not None and (problem := self.manners.problem(request)):
            return problem
        for name in self.refuses:
            if name in request:
                return unsupported(name, "unsupported_parameter")
        if self.checks_signatures and not _signed(request["messages"]):
            message = "Function call is missing a thought_signature in functionCall parts"
            return Reply(status=400, error={"code": 400, "message": message, "status": "INVALID_ARGUMENT"})
        open_calls: list[str] = []
        for message in request["messages"]:
            if message["role"] == "tool" and message["tool_call_id"] in open_calls:
                open_calls.remove(message["tool_call_id"])
                continue
            if open_calls or message["role"] == "tool":
                return Reply(status=400, error={"message": "tool messages do not match tool_calls"})
            open_calls = [call["id"] for call in message.get("tool_calls") or []]
        return None


class Manners(Protocol):
    """What one family of models demands of a request and how it words its answers."""

    def problem(self, request: dict[str, Any]) -> Reply | None:
        """The refusal of a request that this family would not take."""
        ...

    def shaped(self, reply: Reply, payload: Any) -> Any:
        """The JSON of an answer as this family writes it."""
        ...


_AUDIO = {"flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm"}


def _form(content_type: str, raw: bytes) -> dict[str, str]:
    """The fields of a multipart body; of the file its name, and its size under `bytes`."""
    body = BytesParser(policy=policy.HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw)
    form: dict[str, str] = {}
    for part in body.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_filename():
            form |= {name: str(part.get_filename()), "bytes": str(len(content))}
        else:
            form[name] = content.decode()
    return form


def _signed(messages: list[dict[str, Any]]) -> bool:
    calls = [call for message in messages for call in message.get("tool_calls") or []]
    return all(call.get("extra_content", {}).get("google", {}).get("thought_signature") for call in calls)


def embedding_of(text: str, dimensions: int = 256) -> list[float]:
    """A stable bag-of-words vector: texts that share words are near."""
    vector = [0.0] * dimensions
    for word in text.lower().split():
        digest = hashlib.sha256(word.strip(".,;:¿?¡!").encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % dimensions] += 1.0
    norm = sum(value * value for value in vector) ** 0.5 or 1.0
    return [value / norm for value in vector]


def _embeddings(request: dict[str, Any]) -> dict[str, Any]:
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    data = []
    for index, text in enumerate(texts):
        vector = embedding_of(str(text), int(request.get("dimensions") or 256))
        packed: Any = vector
        if request.get("encoding_format") == "base64":
            packed = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": packed})
    usage = {"prompt_tokens": sum(len(str(text)) // 4 + 1 for text in texts)}
    return {"object": "list", "model": request["model"], "data": data, "usage": usage}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeLLM
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        if self.path == "/_journal":
            return self._answer(200, self.fake.requests)
        if self.path.endswith("/models"):
            listed = [{"id": name, "object": "model", "shutdown_date": end} for name, end in self.fake.calendar.items()]
            return self._answer(200, {"object": "list", "data": listed})
        if "/models/" in self.path:
            return self._model(unquote(self.path.rpartition("/models/")[2]))
        return self._answer(404, {"error": {"message": "no such path"}})

    def _model(self, name: str) -> None:
        if self.fake.key and self.headers.get("Authorization") != f"Bearer {self.fake.key}":
            return self._answer(401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}})
        if name not in self.fake.calendar:
            error = {"message": f"The model '{name}' does not exist", "code": "model_not_found"}
            return self._answer(404, {"error": error})
        return self._answer(200, {"id": name, "object": "model", "shutdown_date": self.fake.calendar[name]})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.fake.paths.append(self.path)
        self.fake.headers.append(dict(self.headers.items()))
        if self.path == "/_script":
            self.fake.replies.extend(Reply(**item) for item in json.loads(raw))
            return self._answer(200, {"queued": len(self.fake.replies)})
        if self.fake.key and self.headers.get("Authorization") != f"Bearer {self.fake.key}":
            return self._answer(401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}})
        if self.path.endswith("/chat/completions"):
            return self._chat(json.loads(raw))
        if self.path.endswith("/embeddings"):
            return self._answer(200, _embeddings(json.loads(raw)))
        if self.path.endswith("/audio/transcriptions"):
            said = self.fake.transcribe(self.headers.get("Content-Type", ""), raw)
            if isinstance(said, Reply):
                return self._answer(said.status, said.payload({}, 0), said.headers)
            return self._answer(200, said)
        return self._answer(404, {"error": {"message": "no such path"}})

    def _chat(self, request: dict[str, Any]) -> None:
        reply, number = self.fake.chat(request)
        if reply.delay:
            threading.Event().wait(reply.delay)
        payload = reply.payload(request, number)
        if self.fake.manners is not None:
            payload = self.fake.manners.shaped(reply, payload)
        body = json.dumps(payload).encode() if reply.body is None else reply.body.encode()
        if reply.drip or reply.breaks:
            return self._stall(reply, body)
        return self._send(reply.status, body, reply.headers)

    def _stall(self, reply: Reply, body: bytes) -> None:
        """Bytes now and then, or half of them and no more."""
        self.close_connection = True
        try:
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if reply.breaks:
                self.wfile.write(body[: len(body) // 2])
                return
            for position in range(len(body)):
                self.wfile.write(body[position : position + 1])
                threading.Event().wait(reply.drip)
        except OSError:
            return  # cut by the client: what this is for

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(body).encode(), headers or {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            # The client gave up waiting: exactly what a slow reply is scripted for.
            self.close_connection = True


def _handler_for(fake: FakeLLM) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"fake": fake})


def main() -> None:
    """Serve by hand until interrupted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=9123)
    with FakeLLM(port=parser.parse_args().port) as fake:
        print(f"fake LLM on {fake.base_url}")  # noqa: T201  # a command line program
        threading.Event().wait()


if __name__ == "__main__":
    main()
