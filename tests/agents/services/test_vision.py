"""Pictures and voice notes in an agent's turn: shown to models that can see, named to the others, trusted by nobody."""

import base64
import io
from typing import Any

import pytest
from PIL import Image

from agents.domain.history import UNHEARD
from agents.llm.families import sees
from agents.models import ToolCall
from crm.models import Contact
from messaging.models import Attachment, Message
from messaging.services import media_files
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import Story, employ
from tests.factories.messaging import make_attachment, make_message
from tests.fakes.llm import FakeLLM


def photo(side: int = 2000) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (side, side // 2), "teal").save(written, "JPEG")
    return written.getvalue()


def shows(story: Story, *captions: str, content: bytes = b"") -> None:
    """Photos arrive, one message each; a turn is due after the next words."""
    with tenant_context(story.tenant):
        for caption in captions:
            words: dict[str, Any] = (
                {"text": caption} if caption else {"text": "Imagen", "payload": {"placeholder": True}}
            )
            message = make_message(conversation=story.conversation, kind="image", **words)
            row = make_attachment(message=message, state="ready")
            kept = media_files.keep(story.tenant, row.pk, content or photo(), mime="image/jpeg", filename="f.jpg")
            Attachment.objects.filter(pk=row.pk).update(file=kept.file, mime=kept.mime)


def last_user(llm: FakeLLM) -> Any:
    return next(m["content"] for m in reversed(llm.requests[-1]["messages"]) if m["role"] == "user")


def pictures(llm: FakeLLM) -> list[Image.Image]:
    content = last_user(llm)
    urls = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
    assert all(url.startswith("data:image/jpeg;base64,") for url in urls)
    return [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) for url in urls]


def test_a_photo_goes_small_to_a_model_that_can_see(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm)
    shows(story, "¿tienen este?")
    run = story.hear("dale")

    assert [picture.size for picture in pictures(llm)] == [(1024, 512)]
    assert last_user(llm)[0] == {"type": "text", "text": "[imagen: ¿tienen este?]\ndale"}
    assert run.cost_usd is not None
    (prompt, *_rest) = run.steps
    assert prompt["messages"][-1] == {"role": "user", "content": "[imagen: ¿tienen este?]\ndale", "images": 1}


def test_only_the_newest_three_of_what_wants_an_answer_are_shown(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm)
    shows(story, "vieja")
    story.hear("hola")
    shows(story, "", "", "", "")
    story.hear("¿cuál conviene?")

    assert len(pictures(llm)) == 3
    assert last_user(llm)[0]["text"].count("[imagen]") == 4


@pytest.mark.parametrize(
    ("model", "vision", "shown"),
    [
        ("gpt-3.5-turbo", "", False),
        ("gpt-4o-mini", "no", False),
        ("nuestro-modelo", "yes", True),
        ("nuestro-modelo", "", False),
    ],
)
def test_who_cannot_or_may_not_see_reads_that_there_was_a_photo(
    acme: Tenant, story: Story, llm: FakeLLM, model: str, vision: str, shown: bool
) -> None:
    employ(acme, llm, model_version=model, config={"vision": vision})
    shows(story, "el termo")
    story.hear("¿sirve?")

    assert isinstance(last_user(llm), list) is shown
    if not shown:
        assert last_user(llm) == "[imagen: el termo]\n¿sirve?"


@pytest.mark.parametrize("content", [b"MZ" + bytes(50), b"\x89PNG\r\n\x1a\n" + bytes(90)], ids=["program", "broken"])
def test_what_is_no_picture_is_not_shown(acme: Tenant, story: Story, llm: FakeLLM, content: bytes) -> None:
    employ(acme, llm)
    shows(story, "mirá", content=content)
    assert story.hear("¿y?").status == "done"
    assert last_user(llm) == "[imagen: mirá]\n¿y?"


def test_what_a_picture_says_opens_no_tool(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    """A model that obeys a picture meets the same gates: it acts on this contact only and may not leak."""
    employ(acme, llm)
    shows(story, "")
    other = {"contact_id": "01a1fe85-0000-7000-8000-000000000000", "name": "Otro", "email": None, "phone": None}
    llm.call("delete_everything", {})
    llm.call("create_customer", other)
    llm.say("Listo.")
    story.hear("¿qué dice?")

    contact = story.fresh().contact
    with tenant_context(acme):
        done = ToolCall.objects.filter(ok=True)
        assert set(done.values_list("tool", flat=True)) <= {"create_customer"}
        assert list(Contact.objects.filter(name="Otro")) in ([], [contact])  # never anybody but who writes
    refused = [m["content"] for m in llm.requests[-1]["messages"] if m["role"] == "tool"]
    assert '"ok": false' in refused[0]


def test_the_caption_of_a_photo_can_ask_for_a_person(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    employ(acme, llm)
    shows(story, "quiero hablar con una persona")
    assert story.hear("hola").status == "handed_off"
    assert llm.requests == []


@pytest.mark.parametrize("with_model", [True, False])
def test_a_voice_note_that_nobody_heard_is_named_to_the_agent(
    acme: Tenant, story: Story, llm: FakeLLM, with_model: bool
) -> None:
    employ(acme, llm if with_model else None)
    with tenant_context(acme):
        note = {"kind": "audio", "text": "Nota de voz", "payload": {"placeholder": True}}
        last: Message = make_message(conversation=story.conversation, **note)
        make_attachment(message=last, kind="audio", mime="audio/ogg", state="ready", hearing="failed")
    story.hear("¿me escuchás?")

    if with_model:
        assert last_user(llm) == f"{UNHEARD}\n¿me escuchás?"
    else:
        assert story.said() == ["No pude escuchar la nota de voz. ¿Me lo escribís, por favor?"]


@pytest.mark.parametrize(
    ("model", "can"),
    [
        ("gpt-4o-mini", True),
        ("gpt-4o-2024-11-20", True),
        ("gpt-4o-audio-preview", False),
        ("gpt-4.1", True),
        ("gpt-5.6-terra", True),
        ("o3-mini", False),
        ("o3", True),
        ("gpt-3.5-turbo", False),
        ("models/gemini-3.8-flash", True),
        ("llama-3", False),
    ],
)
def test_who_can_see_is_told_by_the_name(model: str, can: bool) -> None:
    assert sees(model) is can
