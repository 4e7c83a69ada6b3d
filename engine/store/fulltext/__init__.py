"""Full text search by SQLite's FTS5 and by PostgreSQL."""
