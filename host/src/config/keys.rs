//! The keys that a table may have: the fields of the struct that it is read into.

use serde::{
    Deserializer,
    de::{DeserializeOwned, Error as _, Visitor, value::Error},
    forward_to_deserialize_any,
};

/// The keys of the table that `T` is read from; none when it is read from something else.
pub(crate) fn keys<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // Always an error: only the names of the fields are wanted.
    drop(T::deserialize(FieldNames(&mut fields)));
    fields
}

/// Takes the names of the fields of the struct that wants to be read, and gives nothing to read.
struct FieldNames<'f>(&'f mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("only structs have fields"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(Error::custom("only the names of the fields are wanted"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_the_fields_as_they_are_written() {
        #[derive(serde::Deserialize)]
        #[expect(dead_code, reason = "only the names count")]
        struct Example {
            r#type: Option<String>,
            #[serde(rename = "other")]
            name: u32,
        }
        assert_eq!(keys::<Example>(), ["type", "other"]);
        assert!(keys::<String>().is_empty());
    }
}
