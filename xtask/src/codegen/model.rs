//! What the renderers need to know about the ABI: the witx document after lowering to the wasm32 C ABI.
//!
//! Lists have become a pointer and a length, `expected` results an out-pointer and a status, and every size,
//! alignment and offset is a number. Names are as in witx; each renderer has its own spelling.

/// The whole ABI.
#[derive(Debug)]
pub(super) struct Abi {
    pub(super) types: Vec<TypeDef>,
    /// Sorted by name, so that the output does not depend on the order of the files.
    pub(super) modules: Vec<Module>,
    /// The name of the type that every function returns.
    pub(super) status: String,
}

impl Abi {
    /// The type of this name.
    pub(super) fn kind(&self, name: &str) -> Option<&TypeKind> {
        self.types.iter().find(|def| def.name == name).map(|def| &def.kind)
    }

    fn is_pointer_sized(&self, of: &Ty) -> bool {
        match of {
            Ty::Pointer { .. } | Ty::Number(Number::Usize) => true,
            Ty::Number(_) => false,
            // witx has no recursive types, so this ends.
            Ty::Named(name) => match self.kind(name) {
                Some(TypeKind::Record(record)) => record.has_pointers(self),
                Some(TypeKind::Alias(of)) => self.is_pointer_sized(of),
                Some(TypeKind::Enum { repr, .. } | TypeKind::Flags { repr, .. }) => *repr == Number::Usize,
                Some(TypeKind::Handle) | None => false,
            },
        }
    }
}

/// A named type.
#[derive(Debug)]
pub(super) struct TypeDef {
    pub(super) name: String,
    pub(super) docs: String,
    pub(super) kind: TypeKind,
}

#[derive(Debug)]
pub(super) enum TypeKind {
    /// A number that names an object of the host.
    Handle,
    /// One of several numbers, counted from 0.
    Enum {
        repr: Number,
        cases: Vec<Named>,
    },
    /// A set of bits, counted from bit 0.
    Flags {
        repr: Number,
        bits: Vec<Named>,
    },
    Record(Record),
    /// Another name for a type.
    Alias(Ty),
}

#[derive(Debug)]
pub(super) struct Record {
    pub(super) fields: Vec<Field>,
    /// In bytes, on wasm32.
    pub(super) size: usize,
    /// In bytes, on wasm32.
    pub(super) align: usize,
}

impl Record {
    /// Whether the layout depends on the size of a pointer, in this record or in one of the types that it names.
    pub(super) fn has_pointers(&self, abi: &Abi) -> bool {
        self.fields.iter().any(|field| abi.is_pointer_sized(&field.ty))
    }
}

/// A case of an enum, or a bit of a mask.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) docs: String,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) docs: String,
    pub(super) ty: Ty,
    /// In bytes from the start of the record, on wasm32.
    pub(super) offset: usize,
}

/// The functions of one import module.
#[derive(Debug)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) docs: String,
    pub(super) funcs: Vec<Func>,
}

/// An imported function. It returns [`Abi::status`].
#[derive(Debug)]
pub(super) struct Func {
    pub(super) name: String,
    pub(super) docs: String,
    pub(super) params: Vec<Param>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Param {
    pub(super) name: String,
    pub(super) ty: Ty,
}

/// A type as a field or a parameter has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ty {
    Number(Number),
    Named(String),
    Pointer { mutable: bool, to: Box<Ty> },
}

impl Ty {
    pub(super) fn pointer(mutable: bool, to: Ty) -> Self {
        Ty::Pointer { mutable, to: Box::new(to) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// A byte of text.
    Char8,
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F32,
    F64,
    Usize,
}
