import hashlib
from itertools import count

from rag.models import Chunk, Document, DocumentStatus

_numbers = count(1)


def make_document(**over: object) -> Document:
    """Ready and empty; its content differs from every other one's."""
    number = next(_numbers)
    return Document.objects.create(
        **{
            "title": f"Documento {number}",
            "filename": f"documento-{number}.txt",
            "mime": "text/plain",
            "size": 10,
            "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
            "status": DocumentStatus.READY,
            "file": f"documents/{number}.txt",
            **over,
        }
    )


def make_chunk(**over: object) -> Chunk:
    text = str(over.pop("text", "Abrimos de nueve a trece."))
    return Chunk.objects.create(
        document=over.pop("document", None) or make_document(),
        **{
            "position": 0,
            "text": text,
            "terms": text.lower(),
            "token_count": len(text.split()),
            "embedding": [1.0, 0.0, 0.0],
            "embedding_model": "test",
            **over,
        },
    )
