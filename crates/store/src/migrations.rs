//! The tables, and how they come to be.
//!
//! The same numbers on both databases, and after each of them the same columns; a test compares. A migration that was
//! released is never changed.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

macro_rules! migrations {
    ($folder:literal, $($version:literal $name:literal),+) => {
        Migrator::with_migrations(vec![$(Migration::new(
            $version,
            $name.into(),
            MigrationType::Simple,
            include_str!(concat!("../migrations/", $folder, "/", $version, "_", $name, ".sql")).into_sql_str(),
            false,
        )),+])
    };
}

pub(crate) fn sqlite() -> Migrator {
    migrations!("sqlite", 1 "initial", 2 "platforms")
}

pub(crate) fn postgres() -> Migrator {
    migrations!("postgres", 1 "initial", 2 "platforms")
}
