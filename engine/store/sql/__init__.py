"""The catalog in SQL: tables, migrations, reads and filters."""
