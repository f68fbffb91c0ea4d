//! Values of components, short to write and to compare.

use wasmtime::component::Val;

/// A `list<u8>`.
pub fn bytes(bytes: impl AsRef<[u8]>) -> Val {
    Val::List(bytes.as_ref().iter().map(|byte| Val::U8(*byte)).collect())
}

pub fn some(value: Val) -> Val {
    Val::Option(Some(Box::new(value)))
}

pub const NONE: Val = Val::Option(None);

/// A case of an enum, or of a variant without a payload.
pub fn case(name: &str) -> Val {
    Val::Enum(name.to_owned())
}

/// Reading values that came back.
pub trait Answer: Sized {
    /// The value of a result that is one.
    fn ok(self) -> Val;
    /// The name of the error of a result that is one.
    fn error(self) -> String;
    /// What is in an option that has something.
    fn present(self) -> Val;
    /// A field of a record.
    fn field(&self, name: &str) -> Val;
    /// The payload of a case of a variant.
    fn of_case(self, name: &str) -> Val;
    fn to_bytes(&self) -> Vec<u8>;
    fn to_u64(&self) -> u64;
    fn items(self) -> Vec<Val>;
}

impl Answer for Val {
    fn ok(self) -> Val {
        match self {
            Val::Result(Ok(value)) => value.map_or(Val::Tuple(Vec::new()), |value| *value),
            other => panic!("{other:?} is not ok"),
        }
    }

    fn error(self) -> String {
        match self {
            Val::Result(Err(Some(error))) => match *error {
                Val::Enum(name) => name,
                other => panic!("{other:?} is no error"),
            },
            other => panic!("{other:?} is no error"),
        }
    }

    fn present(self) -> Val {
        match self {
            Val::Option(Some(value)) => *value,
            other => panic!("{other:?} is nothing"),
        }
    }

    fn field(&self, name: &str) -> Val {
        let Val::Record(fields) = self else { panic!("{self:?} is no record") };
        let field = fields.iter().find(|(field, _)| field == name);
        field.unwrap_or_else(|| panic!("{self:?} has no {name}")).1.clone()
    }

    fn of_case(self, name: &str) -> Val {
        match self {
            Val::Variant(case, Some(value)) if case == name => *value,
            other => panic!("{other:?} is not {name}"),
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let Val::List(bytes) = self else { panic!("{self:?} is no list") };
        let byte = |byte: &Val| if let Val::U8(byte) = byte { *byte } else { panic!("{byte:?} is no byte") };
        bytes.iter().map(byte).collect()
    }

    fn to_u64(&self) -> u64 {
        match self {
            Val::U64(number) => *number,
            Val::U32(number) => u64::from(*number),
            other => panic!("{other:?} is no number"),
        }
    }

    fn items(self) -> Vec<Val> {
        let Val::List(items) = self else { panic!("{self:?} is no list") };
        items
    }
}
