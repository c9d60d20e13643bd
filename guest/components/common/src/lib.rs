//! The WIT side of a mapping component: translates between `exotrace:mapping` and the mapping library, nothing else.
//!
//! Empty unless it is built for WebAssembly: component exports do not link natively.
#![cfg(target_arch = "wasm32")]
#![deny(unsafe_code)]

use std::{cell::RefCell, marker::PhantomData};

use exotrace_mapping::{ECS_VERSION, Session, Version};

pub mod bindings;
mod convert;

use bindings::exports::exotrace::mapping::mapper;
use convert::WitGeo;

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
        mapper::Description {
            name: "exotrace message trace to ECS".to_owned(),
            mapping_version: M::VERSION.number.to_owned(),
            ecs_version: ECS_VERSION.to_owned(),
            record_kinds: vec![mapper::RecordKind::Graph, mapper::RecordKind::Legacy],
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
