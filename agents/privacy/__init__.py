"""Erasing one person everywhere, and handing out a copy of everything that is theirs.

Stands in the topmost app, because it must see every other. Each app declares its tables in `<app>/services/privacy.py`
(the shared ones: `tenants/services/redaction.py`); `registry` puts the declarations together, and a test walks all models
and fails for a column of words that nobody declared. **A new app** writes such a module with `DECLARED`, adds to
`registry.PORTS` and, where it holds words of a person, gives `find` (by what else the person can be found), `counts`,
`nouns` (files of the export) and a step of `erasure.STEPS`. So will the mirror of a calendar and a memory made from chats.
Whatever joins two contacts must keep the id of the one that ends, and give it to `Subject.rows`: the trail knows no other.

What erasing does:

    contact, leads, stage changes        deleted; sums of won sales by currency stay on the request as numbers
    identities, chats, messages, files   deleted, also copies in `exports/`
    turns of agents, their reports       blanked: tokens, cost, model, state and score stay, without chat and words
    tool calls                           deleted
    raw webhook bodies                   the person's part is taken out; the row and its key stay for their 30 days,
                                         so that the provider cannot bring the same body again
    notices of providers                 deleted
    answers kept for repeated requests   blanked for their day, so that a repeat does not make the person anew
    live events, keys in Redis           deleted; messages of the queue hold only ids and find nothing
    spool of the door                    waited for until it is stored; what was set aside is written anew without
    e-mails to the person                deleted
    audit trail                          who and what is emptied at the positions that `person.erased` lists
    log                                  never held a word of a person

What stays: the request itself (who asked, when, how many rows), the people of the team, what they wrote elsewhere, and
whatever the provider keeps (WhatsApp's own copy on both phones), as the page says. Backups: docs/decisions/009.

Later the same phone is a new person. That somebody asked to get no messages is erased with them: there is nobody left to
write to, and a list of numbers not to be written to would be a list of erased people.

The export holds notes of the team about the person: they are data about them. It leaves out who of the team wrote or did
something, and the company's instructions to its agent.
"""
