"""What knowledge keeps of a person: nothing that can be told apart yet. Port of `agents.privacy`.

Documents are the company's own words. A memory that is made from chats must note whose chat each passage came from, and
then declares its columns here with `find`, `nouns` and a step of `agents.privacy.erasure` that deletes those passages.
"""

from tenants.domain.privacy import Columns, Declaration

OURS = "uploaded by the company about its business; nothing is learned from chats yet"
CODE = "a code of the product"
DECLARED: Declaration = {
    "rag.Document": Columns(
        plain={OURS: "title filename sha256 error hero_name file", CODE: "collection mime status embedding_model"}
    ),
    "rag.Chunk": Columns(plain={OURS: "heading text terms embedding search", CODE: "embedding_model trust"}),
}
