"""The services a developer's machine lacks (PostgreSQL, Redis) and the commands behind bin/dev and bin/test.

Nothing here imports Django: these modules run before the settings can be read.
"""
