"""Knowledge: documents in, passages out. Usable without a CRM; knows no lead, chat or agent."""

import os

# Before numpy is first imported (by the models, through pgvector): its threads gain nothing on a question of ten words,
# and on a busy machine waiting for one another they turned 6 ms into as much as 650 ms.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
