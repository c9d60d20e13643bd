//! What a component exports.

use std::{cell::RefCell, marker::PhantomData};

use exotrace_mapping::{Session, Version};

use crate::{bindings::exports::exotrace::mapping::mapper, convert::WitGeo};

/// Which mapping version a component is.
pub trait Mapping: 'static {
    /// The version that all its sessions map to.
    const VERSION: &'static Version;
}

/// A component that maps to the version `M`.
pub struct Component<M>(PhantomData<M>);

impl<M: Mapping> mapper::Guest for Component<M> {
    type Session = SessionResource<M>;

    fn describe() -> mapper::Description {
        let Version { number, schema, record_kinds, options_schema, .. } = M::VERSION;
        mapper::Description {
            name: format!("exotrace message trace to {}", schema.name.to_uppercase()),
            mapping_version: (*number).to_owned(),
            schema: mapper::Schema { name: schema.name.to_owned(), version: schema.version.to_owned() },
            record_kinds: record_kinds.iter().copied().map(Into::into).collect(),
            options_schema: options_schema.map(str::to_owned),
        }
    }
}

/// What a host holds a handle to.
pub struct SessionResource<M> {
    session: RefCell<Session>,
    version: PhantomData<M>,
}

impl<M: Mapping> mapper::GuestSession for SessionResource<M> {
    fn open(settings: mapper::Settings) -> Result<mapper::Session, mapper::SettingsError> {
        let session = Session::open(M::VERSION, &settings.into())?;
        Ok(mapper::Session::new(Self { session: RefCell::new(session), version: PhantomData }))
    }

    fn map_batch(&self, records: String, origin: mapper::Origin) -> mapper::MappedBatch {
        // One borrow at a time: a component is never entered again from the import that it calls.
        self.session.borrow_mut().map_batch(&records, &origin.into(), &mut WitGeo).into()
    }
}
