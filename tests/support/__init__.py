"""What the tests stand on: databases, people, clients, recorded tasks. No test lives here."""
