//! What must last: SQLite and PostgreSQL behind one interface.
