"""Where uploaded documents lie."""

from tenants.files import Shelf

DOCUMENTS = Shelf("documents")
FOLDER = DOCUMENTS.name
folder = DOCUMENTS.folder
path_of = DOCUMENTS.path_of
write = DOCUMENTS.write
read = DOCUMENTS.read
remove = DOCUMENTS.remove
stored = DOCUMENTS.stored
