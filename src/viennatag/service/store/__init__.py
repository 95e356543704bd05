"""What a team shares: marks, decisions and who took them, in SQLite or PostgreSQL.

It needs the extra `store`, and `postgres` for PostgreSQL. Without `serve --store` nothing of it is loaded.
"""
