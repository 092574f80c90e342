//! What comes back.

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgRow, PgValueRef};
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Decode, Row as _, Sqlite, Type, TypeInfo as _, ValueRef as _};

/// A row of either database.
pub(in crate::store) enum Row {
    /// Of a file.
    Sqlite(SqliteRow),
    /// Of a server.
    Postgres(PgRow),
}

impl Row {
    /// The value of a column, by its name or place.
    pub(in crate::store) fn try_get<'r, T, I>(&'r self, index: I) -> Result<T, sqlx::Error>
    where
        T: Column<'r>,
        I: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> + std::fmt::Debug,
    {
        match self {
            Self::Sqlite(row) => row.try_get(index),
            Self::Postgres(row) => T::of_postgres(row.try_get_raw(&index)?)
                .map_err(|source| sqlx::Error::ColumnDecode { index: format!("{index:?}"), source }),
        }
    }
}

/// What can stand in a column. `SQLite` says itself what it can be read as; a server may answer a number or a truth
/// value in another width than it is kept in.
pub(in crate::store) trait Column<'r>: Decode<'r, Sqlite> + Type<Sqlite> {
    /// The same of a server's answer.
    fn of_postgres(value: PgValueRef<'r>) -> Result<Self, BoxDynError>;
}

impl<'r, T: Column<'r>> Column<'r> for Option<T> {
    fn of_postgres(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.is_null() { Ok(None) } else { T::of_postgres(value).map(Some) }
    }
}

impl<'r> Column<'r> for &'r str {
    fn of_postgres(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.type_info().name() {
            // JSON comes as the text that it is.
            "TEXT" | "JSON" | "VARCHAR" | "NAME" | "UNKNOWN" => value.as_str(),
            other => Err(format!("{other} where text should be").into()),
        }
    }
}

impl<'r> Column<'r> for String {
    fn of_postgres(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <&str>::of_postgres(value).map(str::to_owned)
    }
}

impl<'r> Column<'r> for &'r [u8] {
    fn of_postgres(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if *value.type_info() == <[u8] as Type<sqlx::Postgres>>::type_info() {
            return value.as_bytes();
        }
        Err("no bytes".into())
    }
}

impl<'r> Column<'r> for Vec<u8> {
    fn of_postgres(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <&[u8]>::of_postgres(value).map(<[u8]>::to_vec)
    }
}

impl Column<'_> for i64 {
    fn of_postgres(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        let bytes = value.as_bytes()?;
        match value.type_info().name() {
            "INT8" => Ok(Self::from_be_bytes(bytes.try_into()?)),
            "INT4" => Ok(i32::from_be_bytes(bytes.try_into()?).into()),
            "INT2" => Ok(i16::from_be_bytes(bytes.try_into()?).into()),
            "BOOL" => Ok((bytes != [0]).into()),
            other => Err(format!("{other} where a number should be").into()),
        }
    }
}

impl Column<'_> for bool {
    fn of_postgres(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        i64::of_postgres(value).map(|number| number != 0)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Column<'_> for $number {
            fn of_postgres(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
                Ok(i64::of_postgres(value)?.try_into()?)
            }
        }
    )*};
}

numbers!(i32, u64, u32, u16);

/// What can be made of a whole row.
pub(in crate::store) trait FromRow: Sized {
    /// Reads it.
    fn from_row(row: &Row) -> Result<Self, sqlx::Error>;
}

macro_rules! tuples {
    ($($name:ident $place:tt),*) => {
        impl<$($name: for<'r> Column<'r>),*> FromRow for ($($name,)*) {
            fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
                Ok(($(row.try_get($place)?,)*))
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
