"""Where uploaded spreadsheets and their lists of errors lie."""

from tenants.files import Shelf

SHEETS = Shelf("imports")
path_of = SHEETS.path_of
write = SHEETS.write
read = SHEETS.read
remove = SHEETS.remove
stored = SHEETS.stored
